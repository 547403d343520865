// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest_test

import (
	"fmt"

	"github.com/fusioncache-go/fusioncache/core/backplanetest"
)

// The laws can be listed, for documentation.
func ExampleLaws() {
	law := backplanetest.Laws()[0]
	fmt.Printf("%s: %s\n", law.Name, law.Sentence)
	// Output:
	// JoinedFirst: The first call to a subscriber is Joined(false), and there is one only while nothing is lost.
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest_test

import (
	"fmt"

	"github.com/fusioncache-go/fusioncache/core/distributedtest"
)

// The laws can be listed, for documentation.
func ExampleLaws() {
	law := distributedtest.Laws()[0]
	fmt.Printf("%s: %s\n", law.Name, law.Sentence)
	// Output:
	// AbsentKey: Get of a key that was never set is a miss: ok is false and the error is nil.
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locktest_test

import (
	"fmt"

	"github.com/fusioncache-go/fusioncache/core/locktest"
)

// The laws can be listed, for documentation.
func ExampleLaws() {
	law := locktest.Laws()[0]
	fmt.Printf("%s: %s\n", law.Name, law.Sentence)
	// Output:
	// Exclusive: While a lease lasts, nobody gets the lock, on no node.
}

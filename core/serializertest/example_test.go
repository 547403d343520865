// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest_test

import (
	"fmt"

	"github.com/fusioncache-go/fusioncache/core/serializertest"
)

// The laws are data, for instance for the documentation of a serializer.
func ExampleLaws() {
	for _, law := range serializertest.Laws()[:2] {
		fmt.Printf("%s: %s\n", law.Name, law.Sentence)
	}
	// Output:
	// Bytes: Bytes and strings, and types made of them, come back exactly.
	// RoundTrip: A value comes back equal, whatever its type, zero or full.
}

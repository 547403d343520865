// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// KeyErrors are the errors of single keys of an operation on many: of a cache, for
// those keys that have failed, or of a factory that makes many values. errors.Is and
// errors.As find what they hold for any of the keys; errors.AsType gives the map
// itself.
type KeyErrors[K comparable] map[K]error

// maxKeysNamed is how many keys the text of KeyErrors names.
const maxKeysNamed = 3

// Error names the number of keys and, in the order of their text, the first few of
// them with their errors.
func (e KeyErrors[K]) Error() string {
	named := make(map[string]error, len(e))
	for key, err := range e {
		named[fmt.Sprint(key)] = err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d keys failed", len(e))
	if len(e) == 1 {
		b.Reset()
		b.WriteString("1 key failed")
	}
	separator := ": "
	for i, key := range slices.Sorted(maps.Keys(named)) {
		if i == maxKeysNamed {
			b.WriteString(" ...")
			break
		}
		fmt.Fprintf(&b, "%s%q: %v", separator, key, named[key])
		separator = "; "
	}
	return b.String()
}

// Unwrap returns the errors, in no particular order.
func (e KeyErrors[K]) Unwrap() []error { return slices.Collect(maps.Values(e)) }

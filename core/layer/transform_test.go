// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// What somebody else has put in our place is an answer of the server, not its failure.
func TestTransform_BytesOfOthersAreForeign(t *testing.T) {
	for _, name := range []string{"Encrypt", "Compress"} {
		store := newStore(t)
		d := wrappers()[name](t, store)
		reader, _ := core.As[core.BatchReader](d)
		headers, _ := core.As[core.BatchHeaderReader](d)
		arbiter, _ := core.As[core.Arbiter](d)
		for _, theirs := range []string{"z", "zebra", "e", "eel", "e and more than a nonce and a tag"} {
			if name == "Compress" && theirs[0] != 'z' {
				continue // is taken as it is
			}
			if err := store.Set(t.Context(), "k", []byte(theirs), time.Minute); err != nil {
				t.Fatal(err)
			}
			_, _, errGet := d.Get(t.Context(), "k")
			_, _, errHeader := arbiter.ReadHeader(t.Context(), "k")
			many, err := reader.GetMany(t.Context(), []string{"k"})
			lot, err2 := headers.ReadHeaders(t.Context(), []string{"k"})
			if err = errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			for _, err := range []error{errGet, errHeader, many[0].Err, lot[0].Err} {
				if !errors.Is(err, core.ErrForeign) {
					t.Errorf("%s, %q: %v, want ErrForeign", name, theirs, err)
				}
			}
		}
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/layer"
)

// A stack whose values are compressed and encrypted on the server, and one that
// does not have the key: there they are a miss, which a load replaces.
func TestStack_CompressedAndEncryptedValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		node := func(secret byte) *hybrid.Cache[string] {
			d := hybrid.Must(layer.Encrypt(s, bytes.Repeat([]byte{secret}, 32)))
			return open[string](t, hybrid.Options{
				Distributed: hybrid.Must(layer.Compress(d, nil)), Defaults: core.EntryOptions{TTL: time.Minute},
			})
		}
		text := strings.Repeat("canary ", 1000)
		if outcome := set(t, node(1), text); outcome != core.Committed {
			t.Errorf("set: %v", outcome)
		}
		data, _, _ := s.store.Get(t.Context(), serverKey)
		if bytes.Contains(data, []byte("canary")) || len(data) > len(text)/2 {
			t.Errorf("the server has %d bytes: %q...", len(data), data[:min(len(data), 100)])
		}
		expectHit(t, node(1), text)
		stranger := node(2)
		unreadable := tally(stranger, core.DecodeFailed)
		expectMiss(t, stranger)
		expectCount(t, "unreadable values", unreadable, 1)
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package hybrid_test

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// The race detector makes pools forget at random. Without it, what has an idle limit costs a hit no allocation, nor does what is refreshed ahead.
func TestSeed_ST9_HitsWithIdleTTLAndEagerRefreshAllocateNothing(t *testing.T) {
	for name, memory := range map[string]core.MemoryLayer{
		"objects": new(mapMemory), "bytes": hybrid.Must(freecachemem.New(freecachemem.MinSize, nil)),
	} {
		c := open[int](t, hybrid.Options{Memory: memory, Serializer: oneByte{}, Defaults: core.EntryOptions{
			TTL: time.Hour, StaleTTL: 2 * time.Hour, IdleTTL: time.Minute, EagerRefresh: 0.5, StaleWhileRevalidate: time.Minute, Size: 3,
		}})
		set(t, c, 7)
		if n := testing.AllocsPerRun(1000, func() { expectHit(t, c, 7) }); n != 0 {
			t.Errorf("%s: Get allocates %v times", name, n)
		}
		if n := testing.AllocsPerRun(1000, func() { _, _ = c.GetOrSet(t.Context(), "k", made, core.IdleTTL(time.Second)) }); n != 0 {
			t.Errorf("%s: GetOrSet allocates %v times", name, n)
		}
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

// Bench measures the layer in the same way for every adapter: hits, misses and
// writes of 256 bytes and hits of 16 KiB, from as many goroutines as there are
// processors, and one write at a time; of an arbiter, also forced writes and
// reads of a header. Only New of h is used.
func Bench(b *testing.B, h Harness) {
	p := newProbe(b, h.withDefaults())
	small, large := p.key("small"), p.key("large")
	for key, size := range map[string]int{small: 256, large: 16 << 10} {
		if err := p.set(key, noise(size), keyLife); err != nil {
			b.Fatal(err)
		}
	}
	value := noise(256)
	b.Run("Get/256B", func(b *testing.B) {
		inParallel(b, func(int64) error { _, _, err := p.layer.Get(b.Context(), small); return err })
	})
	b.Run("Get/16KiB", func(b *testing.B) {
		inParallel(b, func(int64) error { _, _, err := p.layer.Get(b.Context(), large); return err })
	})
	b.Run("Get/miss", func(b *testing.B) {
		key := p.key("absent")
		inParallel(b, func(int64) error { _, _, err := p.layer.Get(b.Context(), key); return err })
	})
	keys := make([]string, 1024)
	for i := range keys {
		keys[i] = p.key(fmt.Sprint(i))
	}
	b.Run("Set/256B", func(b *testing.B) {
		inParallel(b, func(i int64) error { return p.layer.Set(b.Context(), keys[i%1024], value, keyLife) })
	})
	b.Run("Set/256B/one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := p.layer.Set(b.Context(), small, value, keyLife); err != nil {
				b.Fatal(err)
			}
		}
	})
	if arbiter, ok := core.As[core.Arbiter](p.layer); ok {
		benchArbiter(b, arbiter, keys, small)
	}
}

func benchArbiter(b *testing.B, a core.Arbiter, keys []string, small string) {
	w := writeOf(core.Force, core.ValueWrite, 1, noise(256-core.HeaderSize))
	forced := make([]string, len(keys)) // what Set has stored is foreign
	for i, key := range keys {
		forced[i] = key + "forced"
	}
	b.Run("Force/256B", func(b *testing.B) {
		inParallel(b, func(i int64) error { _, err := a.Arbitrate(b.Context(), forced[i%1024], w); return err })
	})
	b.Run("ReadHeader", func(b *testing.B) {
		inParallel(b, func(int64) error { _, _, err := a.ReadHeader(b.Context(), small); return err })
	})
}

func inParallel(b *testing.B, do func(i int64) error) {
	b.ReportAllocs()
	var calls atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := do(calls.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

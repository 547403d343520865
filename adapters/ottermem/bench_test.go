// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package ottermem_test

import (
	"fmt"
	"testing"

	"github.com/maypok86/otter/v2"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
)

const benchKeys = 100_000

// BenchmarkHit compares a hit with one of otter itself, for keys in an order that
// misses the processor's caches.
func BenchmarkHit(b *testing.B) {
	keys := make([]string, benchKeys)
	m := newMemory(b, &ottermem.Options{MaxEntries: 2 * benchKeys})
	bare := otter.Must(&otter.Options[string, *core.Entry]{MaximumSize: 2 * benchKeys})
	for i := range keys {
		keys[i] = fmt.Sprintf("benchmark key %06d", i*7919%benchKeys)
		set(b, m, keys[i], live(i))
		bare.Set(keys[i], live(i))
	}
	b.Run("ours", func(b *testing.B) { hits(b, keys, m.Get) })
	b.Run("otter", func(b *testing.B) { hits(b, keys, bare.GetIfPresent) })
}

func hits(b *testing.B, keys []string, get func(key string) (*core.Entry, bool)) {
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, ok := get(keys[i%benchKeys]); !ok {
				b.Fatal("miss")
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				if _, ok := get(keys[i%benchKeys]); !ok {
					b.Error("miss")
					return
				}
			}
		})
	})
}

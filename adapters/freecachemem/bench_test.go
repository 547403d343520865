// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem_test

import (
	"fmt"
	"testing"

	"github.com/coocood/freecache"
)

const benchKeys = 100_000

// BenchmarkHit compares a hit with one of freecache itself, used in the cheapest
// way that copies the value, for keys in an order that misses the processor's
// caches.
func BenchmarkHit(b *testing.B) {
	keys := make([]string, benchKeys)
	for i := range keys {
		keys[i] = fmt.Sprintf("benchmark key %06d", i*7919%benchKeys)
	}
	for _, size := range []int{64, 1024} {
		e := entry(size)
		m := newMemory(b, 256<<20)
		bare := freecache.NewCache(256 << 20)
		for _, key := range keys {
			set(b, m, key, e)
			if err := bare.Set([]byte(key), e.AppendBinary(nil), 0); err != nil {
				b.Fatal(err)
			}
		}
		buf := make([]byte, 0, 2048)
		b.Run(fmt.Sprintf("ours/%dB", size), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, ok := m.AppendEntry(buf, keys[i%benchKeys]); !ok {
					b.Fatal("miss")
				}
			}
		})
		b.Run(fmt.Sprintf("freecache/%dB", size), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := bare.GetWithBuf([]byte(keys[i%benchKeys]), buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package ottermem_test

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/memorytest"
)

const capacity = 2000

func newMemory(tb testing.TB, opts *ottermem.Options) *ottermem.Memory {
	tb.Helper()
	m, err := ottermem.New(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func counting() memorytest.Harness {
	return memorytest.Harness{
		New: func(tb testing.TB) core.MemoryLayer {
			return newMemory(tb, &ottermem.Options{MaxEntries: capacity})
		},
		Capacity: capacity,
		Bubble:   true,
		Features: memorytest.Features{Clear: true, Len: true, Evictions: true, AnySize: true},
	}
}

// size weighs an entry in bytes, roughly, and those of the suite at 100 or more.
func size(key string, e *core.Entry) uint32 {
	return uint32(100 + len(key) + len(e.Payload()))
}

func weighing() memorytest.Harness {
	h := counting()
	h.New = func(tb testing.TB) core.MemoryLayer {
		return newMemory(tb, &ottermem.Options{MaxWeight: 100 * capacity, Weigher: size})
	}
	h.Oversize = func() *core.Entry {
		return core.Encoded(make([]byte, 100*capacity), core.Meta{Stale: 1, Dead: 1})
	}
	h.Features.AnySize = false
	return h
}

func TestConformance_Counting(t *testing.T) { memorytest.Run(t, counting()) }

func TestConformance_Weighing(t *testing.T) { memorytest.Run(t, weighing()) }

func TestConformance_CountingInRealTime(t *testing.T) {
	h := counting()
	h.Bubble = false
	memorytest.Run(t, h)
}

func BenchmarkMemory(b *testing.B) { memorytest.Bench(b, counting()) }

func BenchmarkMemory_Weighing(b *testing.B) { memorytest.Bench(b, weighing()) }

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem_test

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/memorytest"
)

const harnessSize = 7 << 19

func harness() memorytest.Harness {
	return memorytest.Harness{
		New: func(tb testing.TB) core.MemoryLayer { return newMemory(tb, harnessSize) },
		// An entry of the suite has 13 bytes at least, with its key, and takes 36.
		Capacity: harnessSize / 49,
		Oversize: func() *core.Entry {
			return core.Encoded(make([]byte, harnessSize/1024), core.Meta{Stale: 1, Dead: 1})
		},
		Bubble:   true,
		Features: memorytest.Features{Bytes: true, Clear: true, Len: true},
	}
}

func newMemory(tb testing.TB, size int) *freecachemem.Memory {
	tb.Helper()
	m, err := freecachemem.New(size, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func TestConformance(t *testing.T) { memorytest.Run(t, harness()) }

func BenchmarkMemory(b *testing.B) { memorytest.Bench(b, harness()) }

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

// Bench measures the layer in the same way for every adapter: hits on 256 keys
// of 256 bytes each, misses and writes, by one goroutine and by as many as there
// are processors. Only New of h is used.
func Bench(b *testing.B, h Harness) {
	p := newProbe(b, h)
	e := core.Encoded(bytes.Repeat([]byte("x"), 256), core.Meta{Stale: hour, Dead: hour})
	keys := make([]string, 256)
	for i := range keys {
		keys[i] = fmt.Sprintf("bench key %03d", i)
		if err := p.set(keys[i], e); err != nil {
			b.Fatal(err)
		}
	}
	each(b, "Get", func(i int) error { p.layer.Get(keys[i%len(keys)]); return nil })
	if m, ok := core.As[core.ByteMemory](p.layer); ok {
		b.Run("AppendEntry", func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, 1024)
			for i := 0; b.Loop(); i++ {
				m.AppendEntry(buf, keys[i%len(keys)])
			}
		})
	}
	each(b, "Miss", func(int) error { p.layer.Get("bench miss"); return nil })
	each(b, "Set", func(i int) error { return p.layer.Set(keys[i%len(keys)], e) })
}

func each(b *testing.B, name string, do func(i int) error) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if err := do(i); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(name+"/parallel", func(b *testing.B) {
		b.ReportAllocs()
		var starts atomic.Int64
		b.RunParallel(func(pb *testing.PB) {
			for i := int(starts.Add(61)); pb.Next(); i++ {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

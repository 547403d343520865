// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// record is a small struct as caches often hold it.
type record struct {
	ID      int64
	Name    string
	Price   float64
	Stock   int32
	Active  bool
	Comment string
}

// Bench measures the serializer on values that caches often hold, so that the
// numbers of serializers can be compared.
func Bench(b *testing.B, h Harness) {
	b.Helper()
	list := []sample{
		is("text64", strings.Repeat("x", 64)),
		sampleWith("bytes1k", func() []byte { return bytes.Repeat([]byte{7}, 1024) }, bytes.Equal),
	}
	if !h.Features.BytesOnly {
		list = append(list, is("struct6", record{1 << 40, "a name of a product", 9.99, 42, true, "a comment"}), of("full", newFull))
	}
	if h.Features.Time {
		list = append(list, is("time", time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)))
	}
	for _, s := range list {
		b.Run(s.name, func(b *testing.B) { bench(b, h.New(b), s) })
	}
}

func bench(b *testing.B, serializer core.Serializer, s sample) {
	v := s.value()
	data, err := serializer.Marshal(v)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("marshal", func(b *testing.B) {
		loop(b, func() error { _, err := serializer.Marshal(v); return err })
	})
	if appender, ok := serializer.(core.AppendMarshaler); ok {
		dst := make([]byte, 0, 2*len(data))
		b.Run("append", func(b *testing.B) {
			loop(b, func() error { _, err := appender.AppendMarshal(dst, v); return err })
		})
	}
	b.Run("unmarshal", func(b *testing.B) {
		loop(b, func() error { return serializer.Unmarshal(data, s.target()) })
	})
}

func loop(b *testing.B, f func() error) {
	b.ReportAllocs()
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"reflect"
	"testing"
)

type struct6 struct {
	ID      int64
	Name    string
	Price   float64
	Stock   int32
	Active  bool
	Comment string
}

// BenchmarkScan is what the check of the bytes adds to decoding them.
func BenchmarkScan(b *testing.B) {
	s, err := New(nil)
	if err != nil {
		b.Fatal(err)
	}
	v := struct6{1 << 40, "a name of a product", 9.99, 42, true, "a comment"}
	list := make([]struct6, 100)
	for _, c := range []struct {
		name  string
		value any
	}{{"struct6", &v}, {"any", &[]any{[]any{1, 2, 3, "text", 4.5, nil}}[0]}, {"100 structs", &list}} {
		data, err := s.Marshal(c.value)
		if err != nil {
			b.Fatal(err)
		}
		root, err := s.shapeOf(reflect.TypeOf(c.value))
		if err != nil {
			b.Fatal(err)
		}
		w := s.worker()
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := w.scan.run(data, root, defaultMaxAmplification); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

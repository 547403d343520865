// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package jsonser_test

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/serializertest"
	"github.com/fusioncache-go/fusioncache/serializers/jsonser"
)

func harness(opts *jsonser.Options) serializertest.Harness {
	return serializertest.Harness{
		New: func(tb testing.TB) core.Serializer {
			tb.Helper()
			s, err := jsonser.New(opts)
			if err != nil {
				tb.Fatal(err)
			}
			return s
		},
		Features: serializertest.Features{Append: true, Time: true},
	}
}

func TestConformance(t *testing.T) {
	serializertest.Run(t, harness(nil))
}

func FuzzConformance(f *testing.F) {
	serializertest.Fuzz(f, harness(nil))
}

func BenchmarkSerializer(b *testing.B) {
	serializertest.Bench(b, harness(nil))
}

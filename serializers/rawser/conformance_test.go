// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package rawser_test

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/serializertest"
	"github.com/fusioncache-go/fusioncache/serializers/rawser"
)

func harness() serializertest.Harness {
	return serializertest.Harness{
		New:      func(testing.TB) core.Serializer { return rawser.Serializer{} },
		Features: serializertest.Features{Append: true, BytesOnly: true},
	}
}

func TestConformance(t *testing.T) {
	serializertest.Run(t, harness())
}

func FuzzConformance(f *testing.F) {
	serializertest.Fuzz(f, harness())
}

func BenchmarkSerializer(b *testing.B) {
	serializertest.Bench(b, harness())
}

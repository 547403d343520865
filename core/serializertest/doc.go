// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package serializertest proves that a [core.Serializer] keeps its contract. The
// author of a serializer describes it with a [Harness] and calls [Run] from one
// test, and [Fuzz] from one fuzz target:
//
//	func TestConformance(t *testing.T) {
//		serializertest.Run(t, serializertest.Harness{
//			New: func(tb testing.TB) core.Serializer { ... },
//			Features: serializertest.Features{Append: true, Time: true},
//		})
//	}
//
// The laws are data: [Laws] returns each with its name and its sentence, and a
// failure prints the sentence. What a serializer can do must be declared in
// [Features]; a declared ability that is missing fails, and so does one that
// exists and is not declared. Each law is proved by a broken serializer that it,
// and no other law, catches: see mutants_test.go.
//
// A serializer that breaks the law BoundedMemory may end the process of the
// test, as it would end that of a cache.
package serializertest

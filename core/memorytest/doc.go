// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package memorytest proves that a [core.MemoryLayer] keeps its contract. The
// author of an adapter describes it with a [Harness] and calls [Run] from one
// test:
//
//	func TestConformance(t *testing.T) {
//		memorytest.Run(t, memorytest.Harness{
//			New:      func(tb testing.TB) core.MemoryLayer { ... },
//			Capacity: 1000,
//			Features: memorytest.Features{Len: true, AnySize: true},
//		})
//	}
//
// The laws are data: [Laws] returns each with its name and its sentence, and a
// failure prints the sentence. What an adapter lacks must be declared in
// [Features] and is then skipped; what is lacking and not declared fails, and so
// does an ability that exists and is not declared. Each law is proved by a
// broken layer that it, and no other law, catches: see mutants_test.go.
//
// A layer may evict at any time. The suite asks for a little less: what fits
// into a layer that is not full is there.
package memorytest

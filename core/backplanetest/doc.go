// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package backplanetest proves that a [core.Backplane] keeps its contract. The
// author of a backplane describes it with a [Harness] and calls [Run] from one
// test:
//
//	func TestConformance(t *testing.T) {
//		backplanetest.Run(t, backplanetest.Harness{
//			New: func(tb testing.TB) backplanetest.Channel { ... },
//			Features: backplanetest.Features{Ping: true},
//		})
//	}
//
// The laws are data: [Laws] returns each with its name and its sentence, and a
// failure prints the sentence. What a backplane lacks must be declared in
// [Features] and is then skipped; what is lacking and not declared fails, and so
// does an ability that exists and is not declared. Each law is proved by a
// broken backplane that it, and no other law, catches: see mutants_test.go.
package backplanetest

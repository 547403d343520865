// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package distributedtest proves that a [core.DistributedLayer] keeps its
// contract. The author of an adapter describes it with a [Harness] and calls
// [Run] from one test:
//
//	func TestConformance(t *testing.T) {
//		distributedtest.Run(t, distributedtest.Harness{
//			New:       func(tb testing.TB) core.DistributedLayer { ... },
//			NewClosed: func(tb testing.TB) core.DistributedLayer { ... },
//			Features:  distributedtest.Features{Ping: true, NoServer: true},
//		})
//	}
//
// The laws are data: [Laws] returns each with its name and its sentence, and a
// failure prints the sentence. What an adapter lacks must be declared in
// [Features] and is then skipped; what is lacking and not declared fails, and so
// does an ability that exists and is not declared. Each law is proved by a
// broken layer that it, and no other law, catches: see mutants_test.go.
package distributedtest

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package locktest proves that a [core.Locker] keeps its contract. The author of
// a locker describes it with a [Harness] and calls [Run] from one test:
//
//	func TestConformance(t *testing.T) {
//		locktest.Run(t, locktest.Harness{
//			New: func(tb testing.TB) locktest.Service { ... },
//		})
//	}
//
// The laws are data: [Laws] returns each with its name and its sentence, and a
// failure prints the sentence. What a locker lacks must be declared in [Features]
// and is then skipped. Each law is proved by a broken locker that it catches: see
// mutants_test.go.
package locktest

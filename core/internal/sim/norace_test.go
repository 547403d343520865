// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package sim

import "testing"

// The race detector changes when goroutines run, so its builds leave this file
// out; "make test" runs it in a build of its own.

// operations is how many operations TestSimulator runs.
const operations = complete

func TestDeterminism_SameSeedGivesTheSameTrace(t *testing.T) {
	for s := range uint64(20) {
		if NewPlan(s + 1).Loose {
			continue
		}
		first := simulate(t, NewPlan(s+1))
		for range 2 {
			if again := simulate(t, NewPlan(s+1)); again.Hash != first.Hash {
				t.Errorf("seed %d: hash %x, then %x", s+1, first.Hash, again.Hash)
			}
		}
	}
}

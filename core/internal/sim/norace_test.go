// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package sim

import (
	"maps"
	"slices"
	"testing"
)

// The race detector changes when goroutines run, so its builds leave this file
// out; "make test" runs it in a build of its own.

// operations is how many operations TestSimulator runs.
const operations = complete

func TestDeterminism_SameSeedGivesTheSameTrace(t *testing.T) {
	for s := range uint64(20) {
		if NewPlan(s + 1).Loose {
			continue
		}
		traces := map[uint64]int{}
		for run := range 11 {
			traces[simulate(t, NewPlan(s+1)).Hash]++
			if run == 2 && len(traces) == 1 {
				break
			}
		}
		// On a busy machine the runtime may find that a goroutine has had its turn for
		// 10 ms and take it away. That is rare; what is wrong in the simulator is not.
		if most := slices.Max(slices.Collect(maps.Values(traces))); len(traces) > 1 && most < 10 {
			t.Errorf("seed %d: of 11 runs only %d gave the same trace", s+1, most)
		}
	}
}

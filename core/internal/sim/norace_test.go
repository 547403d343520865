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
		first := simulate(t, NewPlan(s+1)).Hash
		others := different(t, s+1, first, 2)
		if len(others) == 0 {
			continue
		}
		// On a busy machine the runtime may find that a goroutine has had its turn for
		// 10 ms and take it away. That is rare; what is wrong in the simulator is not.
		if others = append(others, different(t, s+1, first, 8)...); len(others) > 1 {
			t.Errorf("seed %d: hash %x, then in 10 runs also %x", s+1, first, others)
		}
	}
}

// different runs the plan of a seed so many times and returns the hashes that are not
// as expected.
func different(t *testing.T, seed, expected uint64, times int) (hashes []uint64) {
	for range times {
		if h := simulate(t, NewPlan(seed)).Hash; h != expected {
			hashes = append(hashes, h)
		}
	}
	return hashes
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"maps"
	"testing"
)

func TestLanes_OfDifferentCallsItDoesNotMatterWhichAsksFirst(t *testing.T) {
	lanes := func(order ...call) map[call]instant {
		c, of := new(calls), map[call]instant{}
		for _, k := range order {
			of[k] = c.lane(tick, k)
		}
		of[kinds] = c.lane(2*tick, toRead) // of the moment after
		return of
	}
	one, other := lanes(toWrite, toRead, toRead, toLoad), lanes(toRead, toLoad, toRead, toWrite)
	if !maps.Equal(one, other) {
		t.Errorf("got %v in one order, %v in another", one, other)
	}
	seen := map[instant]bool{}
	for _, lane := range one {
		if seen[lane] {
			t.Errorf("two of %v share a lane", one)
		}
		seen[lane] = true
	}
}

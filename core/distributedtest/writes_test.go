// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

// Law ArbiterDecides proves something about a row of the rule only if its random
// writes meet that row.
func TestWrites_TakeEveryBranchOfTheRule(t *testing.T) {
	seen := map[string]int{}
	random := newWrites()
	for range decideRounds {
		var place []byte
		for range decideSteps {
			w := random.next(place)
			d := w.Decide(place)
			seen[branch(w, place, d)]++
			if d.Store {
				place = d.Data
			}
		}
	}
	for _, want := range []string{
		"force into nothing", "force over a lower version", "force over a higher version", "force beyond the counter",
		"fill into nothing", "fill refused by nothing", "fill over what it saw", "fill over a higher version",
		"fill beyond the counter", "fill refused",
		"replay into nothing", "replay over a lower version", "replay over a higher version",
		"replay applied", "replay older than its node", "replay refused by another node", "replay settled by a tombstone",
	} {
		if seen[want] < 3 {
			t.Errorf("%s: %d times", want, seen[want])
		}
	}
}

func branch(w core.Write, place []byte, d core.Decision) string {
	mode := modeName(w.Mode)
	ours, _ := core.ParseHeader(w.Data)
	there, _ := core.ParseHeader(place)
	switch {
	case len(place) == 0 && d.Store:
		return mode + " into nothing"
	case len(place) == 0:
		return mode + " refused by nothing"
	case d.Stored && !d.Store:
		return mode + " applied"
	case !d.Stored && w.Mode == core.Replay && there.Node == ours.Node:
		return "replay older than its node"
	case !d.Stored && w.Mode == core.Replay:
		return "replay refused by another node"
	case !d.Stored:
		return mode + " refused"
	case d.Header.Kind != ours.Kind:
		return mode + " settled by a tombstone"
	case there.Bump == core.MaxTick && d.Header.Bump == 1:
		return mode + " beyond the counter"
	case d.Header.Version != ours.Version:
		return mode + " over a higher version"
	case w.Mode == core.Fill:
		return "fill over what it saw"
	}
	return mode + " over a lower version"
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
)

var seed = flag.Uint64("seed", 0, "the seed that TestReplay runs")

// simulate runs the plan of a seed in a bubble.
func simulate(t *testing.T, p *Plan) (rep Report) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			panic(fmt.Sprintf("%v\n%v", v, p))
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		var err error
		if rep, err = Run(t.Context(), p); err != nil {
			t.Error(err)
		}
	})
	return rep
}

// expectClean fails with a timeline if there was a violation.
func expectClean(t *testing.T, rep Report) bool {
	t.Helper()
	if len(rep.Violations) == 0 {
		return true
	}
	v := rep.Violations[0]
	t.Errorf("%v\n%d violations, the first: %v\n%s", rep.Plan, len(rep.Violations), v, rep.Timeline(v))
	return false
}

func TestSimulator(t *testing.T) {
	ops, bad := 0, 0
	for s := range uint64(200) {
		rep := simulate(t, NewPlan(s+1))
		ops += rep.Operations
		if len(rep.Violations) > 0 {
			bad++
			t.Logf("seed %d: %v", s+1, rep.Violations[0])
		}
	}
	t.Logf("%d operations, %d bad seeds", ops, bad)
	if bad > 0 {
		t.Fail()
	}
}

func TestReplay(t *testing.T) {
	if *seed == 0 {
		return
	}
	p := NewPlan(*seed)
	p.Verbose = true
	expectClean(t, simulate(t, p))
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
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

// TestSimulator runs the same seeds each time. Together they see every fault during
// every action in every condition.
func TestSimulator(t *testing.T) {
	c := &campaign{over: func(c *campaign) bool { return c.ops.Load() >= operations }}
	start := time.Now()
	c.run(t)
	t.Log(c.summary(start))
	if operations < complete {
		return
	}
	for _, missing := range c.cover.Missing() {
		t.Errorf("never: %s", missing)
	}
}

// complete is how many operations are enough for everything to happen that can.
const complete = 2_000_000

func TestReplay(t *testing.T) {
	if *seed == 0 {
		return
	}
	p := NewPlan(*seed)
	p.Verbose = true
	expectClean(t, simulate(t, p))
}

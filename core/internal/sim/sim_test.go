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

// TestSimulator runs the same seeds each time. Together they see every fault during
// every action in every condition; for the rarest, it goes on for half as long again.
func TestSimulator(t *testing.T) {
	c := &campaign{over: func(c *campaign) bool {
		done := c.ops.Load()
		return done >= operations && (operations < complete || done >= operations*3/2 || c.covered())
	}}
	start := time.Now()
	c.run(t)
	t.Log(c.summary(start))
	c.explain(t)
	if operations < complete {
		return
	}
	for _, missing := range c.cover.Missing() {
		t.Errorf("never: %s", missing)
	}
}

// complete is how many operations are enough for everything to happen that can.
const complete = 2_000_000

// TestReplay runs one seed, and makes what it finds smaller.
func TestReplay(t *testing.T) {
	if *seed == 0 {
		return
	}
	p := NewPlan(*seed)
	p.Verbose = true
	if rep := simulate(t, p); len(rep.Violations) > 0 {
		t.Error(explain(shrink(t, rep, shrinkFor)))
	}
}

// shrinkFor is how long it may take to make a plan smaller.
const shrinkFor = 30 * time.Second

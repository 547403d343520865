// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build mutants

package sim

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

var (
	budget  = flag.Duration("budget", 10*time.Minute, "how long TestMutants looks for each mutant")
	only    = flag.String("mutant", "", "the one mutant that TestMutants looks for, by name")
	control = flag.Int64("control", 500, "how many seeds TestMutants runs without a mutant first")
)

// TestMutants shows that the simulator finds faults: it must find every mutant of
// the protocol, one at a time, and two pairs that stand in for each other. It prints
// a table, whose first row is the protocol as it is: none of its seeds may fail.
func TestMutants(t *testing.T) {
	row("mutant", "seeds", "operations", "time", "found as")
	row("---", "--:", "--:", "--:", "---")
	t.Run("none", func(t *testing.T) {
		c := release(t, 0, func(c *campaign) bool { return c.seeds.Load() >= *control })
		for _, rep := range c.failed {
			t.Errorf("seed %d: %v", rep.Plan.Seed, rep.Violations[0])
		}
	})
	for _, m := range append(mutation.All(), mutation.NoToken|mutation.NoFence, mutation.NoGap|mutation.NoDegraded) {
		if *only != "" && m.String() != *only {
			continue
		}
		t.Run(m.String(), func(t *testing.T) {
			c := release(t, m, func(c *campaign) bool { return c.bad.Load() > 0 })
			if c.bad.Load() == 0 {
				t.Errorf("not found in %d seeds, %v", c.seeds.Load(), *budget)
			}
		})
	}
}

// release runs seeds of a mutant, from the first on, until there are enough or the
// budget is spent.
func release(t *testing.T, m mutation.Mutant, enough func(*campaign) bool) *campaign {
	t.Setenv(mutation.Env, strconv.FormatUint(uint64(m), 10))
	start := time.Now()
	c := &campaign{quiet: true, over: func(c *campaign) bool { return enough(c) || time.Since(start) > *budget }}
	c.run(t)
	name, found := m.String(), "nothing"
	if m == 0 {
		name = "none"
	}
	if len(c.failed) > 0 {
		found = c.failed[0].Violations[0].Invariant
	}
	row(name, c.seeds.Load(), c.ops.Load(), time.Since(start).Round(100*time.Millisecond), found)
	return c
}

// row prints a row of a Markdown table.
func row(cells ...any) { fmt.Fprintf(os.Stdout, "| %v | %v | %v | %v | %v |\n", cells...) }

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
	budget = flag.Duration("budget", 10*time.Minute, "how long TestMutants looks for each mutant")
	only   = flag.String("mutant", "", "the one mutant that TestMutants looks for, by name")
)

// TestMutants shows that the simulator finds faults: it must find every mutant of
// the protocol.
func TestMutants(t *testing.T) {
	for _, m := range append(mutation.All(), mutation.NoToken|mutation.NoFence, mutation.NoGap|mutation.NoDegraded) {
		if *only != "" && m.String() != *only {
			continue
		}
		t.Run(m.String(), func(t *testing.T) { catch(t, m) })
	}
}

// catch runs seeds until one shows that m is not right.
func catch(t *testing.T, m mutation.Mutant) {
	t.Setenv(mutation.Env, strconv.FormatUint(uint64(m), 10))
	start := time.Now()
	c := &campaign{quiet: true, over: func(c *campaign) bool { return c.bad.Load() > 0 || time.Since(start) > *budget }}
	c.run(t)
	took := time.Since(start).Round(100 * time.Millisecond)
	if c.bad.Load() == 0 {
		t.Errorf("not found in %d seeds, %v", c.seeds.Load(), took)
		return
	}
	fmt.Fprintf(os.Stdout, "%-34s %6d seeds %10d operations %8v  %s\n", m, c.seeds.Load(), c.ops.Load(), took, c.failed[0].Violations[0].Invariant)
}

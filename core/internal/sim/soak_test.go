// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	soakFor = flag.Duration("soak", 0, "how long TestSoak runs")
	soakOps = flag.Int64("ops", 0, "how many operations TestSoak runs, instead of a time")
	from    = flag.Uint64("from", 0, "the seed before the first that TestSoak runs; 0: from the clock")
)

// campaign runs seeds on all cores until it has had enough.
type campaign struct {
	next  atomic.Uint64
	ops   atomic.Int64
	seeds atomic.Int64
	bad   atomic.Int64
	over  func(*campaign) bool
	quiet bool // violations are what is wanted

	mu     sync.Mutex
	failed []Report
	cover  Coverage
}

func (c *campaign) run(t *testing.T) {
	t.Run("workers", func(t *testing.T) {
		for i := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				for !c.over(c) {
					c.one(t)
				}
			})
		}
	})
}

func (c *campaign) one(t *testing.T) {
	rep := simulate(t, NewPlan(c.next.Add(1)))
	c.ops.Add(int64(rep.Operations))
	c.seeds.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cover.merge(rep.Coverage)
	if len(rep.Violations) == 0 {
		return
	}
	c.bad.Add(1)
	if !c.quiet {
		t.Errorf("seed %d: %v", rep.Plan.Seed, rep.Violations[0])
	}
	c.failed = append(c.failed, rep)
}

// covered reports whether everything has occurred that can.
func (c *campaign) covered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.cover.Missing()) == 0
}

// explain makes the first violation smaller and describes it.
func (c *campaign) explain(t *testing.T) {
	if len(c.failed) > 0 {
		t.Error(explain(shrink(t, c.failed[0], shrinkFor)))
	}
}

func (c *campaign) summary(start time.Time) string {
	took := time.Since(start)
	return fmt.Sprintf("%d operations, %d seeds, %d with violations, %v, %.0f operations/s",
		c.ops.Load(), c.seeds.Load(), c.bad.Load(), took.Round(time.Second), float64(c.ops.Load())/took.Seconds())
}

func TestSoak(t *testing.T) {
	if *soakFor == 0 && *soakOps == 0 {
		return
	}
	start := time.Now()
	c := &campaign{over: func(c *campaign) bool {
		return c.bad.Load() >= 20 || *soakOps > 0 && c.ops.Load() >= *soakOps || *soakOps == 0 && time.Since(start) >= *soakFor
	}}
	first := *from
	if first == 0 {
		first = uint64(start.UnixNano())
	}
	c.next.Store(first)
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(30 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				fmt.Println(c.summary(start))
			}
		}
	}()
	c.run(t)
	close(done)
	c.explain(t)
	fmt.Printf("soak from seed %d: %s\n", first+1, c.summary(start))
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// sweeps are the calls whose mark is owed when the server is away.
var sweeps = map[string]func(c *hybrid.Cache[int]) (core.Outcome, error){
	"Clear":     func(c *hybrid.Cache[int]) (core.Outcome, error) { return c.Stack().Clear(context.Background()) },
	"ExpireAll": func(c *hybrid.Cache[int]) (core.Outcome, error) { return c.Stack().ExpireAll(context.Background()) },
	"RemoveByTag": func(c *hybrid.Cache[int]) (core.Outcome, error) {
		return c.Stack().RemoveByTag(context.Background(), "red")
	},
	"ExpireByTag": func(c *hybrid.Cache[int]) (core.Outcome, error) {
		return c.Stack().ExpireByTag(context.Background(), "red")
	},
}

// owedSweep runs test with two nodes, of which the first cannot reach the server and has
// made a sweep, and then tried in vain to make it good.
func owedSweep(t *testing.T, test func(t *testing.T, n *nodes)) {
	t.Helper()
	for name, sweep := range sweeps {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := startNodesWith(t, 2, core.EntryOptions{TTL: time.Hour})
				for _, c := range n.caches {
					_, _ = c.Set(t.Context(), "k", 1, core.Tags("red"))
				}
				n.gates[0].shut.Store(true)
				if outcome, err := sweep(n.caches[0]); outcome != core.LocalOnly || err != nil {
					t.Fatalf("got %v, %v without the server", outcome, err)
				}
				n.wantMiss(t, 0, "k")
				time.Sleep(3 * time.Second)
				test(t, n)
			})
		})
	}
}

// What a node loads after a sweep, while the server is away, is as good as the sweep is:
// each try to make that good must not take it from memory.
func TestOutage_WhatIsLoadedUnderAnOwedMarkStays(t *testing.T) {
	owedSweep(t, func(t *testing.T, n *nodes) {
		f := &F[int]{results: []func() (int, error){returns(2)}}
		for range 60 {
			if v, err := n.caches[0].GetOrSet(t.Context(), "k", f.load, core.Tags("red")); v != 2 || err != nil {
				t.Fatalf("got %d, %v", v, err)
			}
			time.Sleep(time.Second)
		}
		n.gates[0].shut.Store(false)
		time.Sleep(10 * time.Second)
		n.want(t, 0, "k", 2)
		n.wantMiss(t, 1, "k")
		expectCalls(t, f, 1)
	})
}

// The mark that is owed must not become the present one if another node has removed
// everything since, of which this one has not heard.
func TestOutage_AnOwedMarkUndoesNoLaterRemoval(t *testing.T) {
	owedSweep(t, func(t *testing.T, n *nodes) {
		n.channels[0].Disconnect()
		_, _ = n.caches[0].Set(t.Context(), "k", 2, core.Tags("red"), core.Without(core.SkipDistributedWrite))
		for _, sweep := range []string{"Clear", "RemoveByTag"} {
			if outcome, err := sweeps[sweep](n.caches[1]); outcome != core.Committed || err != nil {
				t.Fatalf("%s of the other node: %v, %v", sweep, outcome, err)
			}
		}
		n.gates[0].shut.Store(false)
		time.Sleep(2 * time.Second) // the next try is made, and nothing is in doubt yet
		n.wantMiss(t, 0, "k")
		n.channels[0].Reconnect()
		time.Sleep(10 * time.Second)
		n.wantMiss(t, 0, "k")
		n.wantMiss(t, 1, "k")
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// eager are options with a refresh after 48 of 60 seconds.
func eager() core.EntryOptions {
	return core.EntryOptions{TTL: time.Minute, EagerRefresh: 0.8}
}

// counting is a factory that returns the number of its call, and takes a while.
func counting(delay time.Duration) *F[int] {
	f := &F[int]{delay: delay}
	for n := range 1000 {
		f.results = append(f.results, returns(n+1))
	}
	return f
}

func TestSpec18_AHitNearTheEndIsRefreshedBehindItsCaller(t *testing.T) {
	inMemories(t, func(t *testing.T, memory core.MemoryLayer) {
		c := open[int](t, hybrid.Options{Memory: memory, Defaults: eager()})
		started, background := tally(c, core.RefreshStarted), tally(c, core.BackgroundSucceeded)
		start := time.Now()
		f := counting(time.Second)
		expectAsk(t, c, f, 1, 1) // until 1 s + 60 s, due at 1 s + 48 s

		at(start, 48*time.Second)
		expectAsk(t, c, f, 1, 1)
		at(start, 50*time.Second)
		took(t, 0, func() { crowd(100, func(int) { ask(t, c, f) }) })
		expectHit(t, c, 1)
		at(start, 52*time.Second)
		expectCalls(t, f, 2)
		expectHit(t, c, 2)
		expectCount(t, "RefreshStarted", started, 1)
		expectCount(t, "BackgroundSucceeded", background, 1)
		at(start, 90*time.Second) // the new life counts from the refresh
		expectAsk(t, c, f, 2, 2)
	})
}

// Who comes when the entry has ended waits for the refresh that is under way.
func TestSpec18_AnEntryThatEndsWhileItIsRefreshedMakesOneLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: eager()})
		f := counting(15 * time.Second)
		expectAsk(t, c, f, 1, 1)
		time.Sleep(55 * time.Second)
		expectAskAnyCalls(t, c, f, 1)
		time.Sleep(6 * time.Second)
		took(t, 9*time.Second, func() { crowd(10, func(int) { ask(t, c, f) }) })
		expectAsk(t, c, f, 2, 2)
	})
}

func TestSpec18_AFailedRefreshIsTriedAgainAfterThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := eager()
		o.TTL, o.Throttle = time.Hour, 2*time.Minute
		c := open[int](t, hybrid.Options{Defaults: o})
		failed := tally(c, core.BackgroundFailed)
		f := &F[int]{results: []func() (int, error){returns(1), fails[int](errBoom), fails[int](errBoom), returns(2)}}
		start := time.Now()
		expectAsk(t, c, f, 1, 1)
		at(start, 48*time.Minute)
		for range 15 { // for 150 s
			expectAskAnyCalls(t, c, f, 1)
			time.Sleep(10 * time.Second)
		}
		expectCalls(t, f, 3)
		expectCount(t, "BackgroundFailed", failed, 2)
		time.Sleep(2 * time.Minute)
		expectAskAnyCalls(t, c, f, 1)
		synctest.Wait()
		expectAsk(t, c, f, 2, 4)
	})
}

func expectAskAnyCalls(t testing.TB, c *hybrid.Cache[int], f *F[int], want int) {
	t.Helper()
	if v := ask(t, c, f); v != want {
		t.Errorf("got %d, want %d", v, want)
	}
}

// Q13: a node looks into the distributed layer first, so one refreshes for all.
// Otherwise a value that takes longer to make than it lives is made without a pause.
func TestSpec18_ThePartOfTheLifeIsCountedFromTheEndOfTheFactory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		node := func() *hybrid.Cache[int] {
			return open[int](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{TTL: 10 * time.Second, EagerRefresh: 0.5}})
		}
		c, other := node(), node()
		f := counting(20 * time.Second)
		expectAsk(t, c, f, 1, 1)
		time.Sleep(4 * time.Second)
		expectAsk(t, c, f, 1, 1)
		expectAsk(t, other, f, 1, 1)
		expectAsk(t, other, f, 1, 1) // a hit of what it has read
		synctest.Wait()
		expectCalls(t, f, 1)
		time.Sleep(2 * time.Second)
		expectAskAnyCalls(t, c, f, 1) // the refresh may run already
		synctest.Wait()
		expectCalls(t, f, 2)
	})
}

func TestSpec33_Q13_OneNodeRefreshesForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		f := counting(0)
		var nodes []*hybrid.Cache[int]
		for range 5 { // without a backplane: they do not hear of each other
			nodes = append(nodes, open[int](t, hybrid.Options{Distributed: server, Defaults: eager()}))
		}
		for _, c := range nodes {
			expectAsk(t, c, f, 1, 1)
		}
		time.Sleep(50 * time.Second)
		for _, c := range nodes {
			expectAskAnyCalls(t, c, f, 1)
			synctest.Wait()
			expectCalls(t, f, 2) // the first has asked the source, the others the server
		}
		for _, c := range nodes {
			expectHit(t, c, 2)
		}
	})
}

// With a node lock even nodes that are due at the same instant make one load.
func TestSpec18_NodesThatAreDueTogetherMakeOneLoadWithANodeLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := locked()
		o.TTL, o.EagerRefresh = time.Minute, 0.8
		c := startCluster(t, 3, o)
		f := counting(time.Second)
		for _, node := range c.nodes {
			expectAskAnyCalls(t, node, f, 1)
		}
		time.Sleep(50 * time.Second)
		for _, node := range c.nodes {
			expectAskAnyCalls(t, node, f, 1)
		}
		time.Sleep(10 * time.Second)
		expectCalls(t, f, 2)
		for _, node := range c.nodes {
			expectHit(t, node, 2)
		}
	})
}

// A write, an expiry or a removal is not undone by a refresh that began before (Q1).
func TestSpec33_Q1_AWriteBeatsARefresh(t *testing.T) {
	for name, write := range map[string]func(t *testing.T, c *hybrid.Cache[int]){
		"Set":         func(t *testing.T, c *hybrid.Cache[int]) { set(t, c, 7) },
		"Remove":      func(t *testing.T, c *hybrid.Cache[int]) { _, _ = c.Remove(t.Context(), "k") },
		"Expire":      func(t *testing.T, c *hybrid.Cache[int]) { _, _ = c.Expire(t.Context(), "k") },
		"RemoveByTag": func(t *testing.T, c *hybrid.Cache[int]) { _, _ = c.Stack().RemoveByTag(t.Context(), "tag") },
		"Clear":       func(t *testing.T, c *hybrid.Cache[int]) { _, _ = c.Stack().Clear(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			modes(t, func(t *testing.T, layer core.DistributedLayer) {
				o := eager()
				o.Tags = []string{"tag"}
				c := open[int](t, hybrid.Options{Distributed: layer, Defaults: o})
				f := counting(0)
				expectAsk(t, c, f, 1, 1)
				time.Sleep(50 * time.Second)
				f.delay = 5 * time.Second
				ask(t, c, f)
				time.Sleep(time.Second)
				write(t, c)
				time.Sleep(10 * time.Second)
				expectCalls(t, f, 2)
				if name == "Set" {
					expectHit(t, c, 7)
				} else {
					expectMiss(t, c)
				}
			})
		})
	}
}

func TestSpec18_RefreshesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: eager(), MaxRefreshes: 3})
		f := counting(0)
		keys := keysOf(20)
		for _, key := range keys {
			if _, err := c.GetOrSet(t.Context(), key, f.load); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(50 * time.Second)
		f.delay = time.Second
		for _, key := range keys {
			took(t, 0, func() { _, _ = c.GetOrSet(t.Context(), key, f.load) })
		}
		time.Sleep(2 * time.Second)
		if got := f.calls.Load() - 20; got != 3 {
			t.Errorf("%d refreshes, want 3", got)
		}
	})
}

// Refreshes leave room for those who wait.
func TestSpec18_RefreshesTakeHalfOfTheFactories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: eager(), MaxFactories: 4})
		f := counting(0)
		keys := keysOf(20)
		for _, key := range keys {
			_, _ = c.GetOrSet(t.Context(), key, f.load)
		}
		time.Sleep(50 * time.Second)
		slow := &F[int]{delay: hang}
		for _, key := range keys {
			if _, err := c.GetOrSet(t.Context(), key, slow.load); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		expectCount(t, "refreshes", &slow.running, 2)
		for range 2 {
			if _, err := c.GetOrSet(t.Context(), "cold", f.load); err != nil {
				t.Errorf("a caller who waits: %v", err)
			}
			_, _ = c.Remove(t.Context(), "cold")
		}
	})
}

// Close cancels the refreshes that nobody waits for, and waits for their end.
func TestSpec18_CloseEndsRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: eager()})
		f := counting(0)
		expectAsk(t, c, f, 1, 1)
		time.Sleep(50 * time.Second)
		f.delay = hang
		ask(t, c, f)
		synctest.Wait()
		took(t, 0, func() {
			if err := c.Stack().Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
		expectCount(t, "cancelled", &f.ctxCancelled, 1)
	})
}

// The refresh has the values of its caller's context, and not its end.
func TestSpec33_Q4_ARefreshOutlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: eager()})
		expectAsk(t, c, counting(0), 1, 1)
		time.Sleep(50 * time.Second)
		type key struct{}
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		var seen atomic.Value
		_, err := c.GetOrSet(ctx, "k", func(ctx context.Context, _ string) (int, error) {
			seen.Store(ctx.Value(key{}))
			return 2, pause(ctx, time.Second, false)
		})
		cancel()
		time.Sleep(2 * time.Second)
		if err != nil || seen.Load() != "value" {
			t.Errorf("the factory saw %v, %v", seen.Load(), err)
		}
		expectHit(t, c, 2)
	})
}

// XFetch: nodes refresh early, each at a moment of its own, and slow factories sooner.
func TestPeers4_9_EagerChanceSpreadsRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := core.EntryOptions{TTL: time.Minute, EagerChance: 1}
		began := map[time.Duration]int{}
		for range 20 {
			c := open[int](t, hybrid.Options{Defaults: o})
			f := counting(time.Second)
			ask(t, c, f)
			born := time.Now()
			for time.Since(born) < time.Minute-time.Millisecond && f.calls.Load() == 1 {
				time.Sleep(100 * time.Millisecond)
				ask(t, c, f)
			}
			early := time.Minute - time.Since(born)
			if f.calls.Load() != 2 || early > 10*time.Second {
				t.Errorf("%d calls, the refresh began %v before the end", f.calls.Load(), early)
			}
			began[early.Truncate(100*time.Millisecond)]++
			time.Sleep(2 * time.Second)
		}
		if len(began) < 8 {
			t.Errorf("20 refreshes at only %d moments: %v", len(began), began)
		}
	})
}

// Entries from Set have no factory whose time could count.
func TestPeers4_9_EagerChanceLeavesSetAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, EagerChance: 5}})
		set(t, c, 1)
		f := counting(0)
		for range 59 {
			time.Sleep(time.Second)
			expectAsk(t, c, f, 1, 0)
		}
	})
}

func ExampleCache_GetOrSet_eager() {
	stack := newStack()
	defer stack.Close(context.Background())
	// From half of their life on, entries are refreshed when somebody asks for them,
	// who does not wait for that.
	rates := hybrid.Must(hybrid.Of[float64](stack, "rate", core.TTL(time.Hour), core.EagerRefresh(0.5)))

	rate, err := rates.GetOrSet(context.Background(), "EUR", func(context.Context, string) (float64, error) { return 1.1, nil })
	fmt.Println(rate, err)
	// Output: 1.1 <nil>
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSpec3_StaleWhileRevalidateServesAndRefreshes(t *testing.T) {
	inMemories(t, func(t *testing.T, memory core.MemoryLayer) {
		c := open[int](t, hybrid.Options{Memory: memory, Defaults: core.EntryOptions{TTL: time.Minute, StaleWhileRevalidate: 30 * time.Second}})
		stale := tally(c, core.StaleHit)
		f := counting(0)
		expectAsk(t, c, f, 1, 1)
		time.Sleep(61 * time.Second)
		f.delay = time.Second
		expectMiss(t, c) // a plain read refreshes nothing, and serves nothing stale
		took(t, 0, func() { crowd(50, func(int) { expectAskAnyCalls(t, c, f, 1) }) })
		expectCount(t, "StaleHit", stale, 50)
		time.Sleep(2 * time.Second)
		expectAsk(t, c, f, 2, 2)

		time.Sleep(91 * time.Second) // past the window: callers wait
		took(t, time.Second, func() { expectAsk(t, c, f, 3, 3) })
	})
}

// While the refresh fails the entry is served to the end of the window; then the
// error passes, as there is no fail-safe.
func TestSpec3_StaleWhileRevalidateEndsThoughRefreshesFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{
			TTL: time.Minute, StaleWhileRevalidate: 30 * time.Second, Throttle: 10 * time.Second,
		}})
		f := okThenFails()
		start := time.Now()
		expectAsk(t, c, f, 1, 1)
		for d := 61 * time.Second; d < 90*time.Second; d += time.Second {
			at(start, d)
			expectAskAnyCalls(t, c, f, 1)
			synctest.Wait()
		}
		expectCalls(t, f, 4) // at 61, 71 and 81 s
		at(start, 90*time.Second)
		expectFailure(t, c, f, errBoom)
	})
}

// What was expired, or overwritten by another node, is not served while it is refreshed.
func TestSpec3_StaleWhileRevalidateNotAfterAnInvalidation(t *testing.T) {
	for name, invalidate := range map[string]func(t *testing.T, own, other *hybrid.Cache[int]){
		"Expire":          func(t *testing.T, own, _ *hybrid.Cache[int]) { _, _ = own.Expire(t.Context(), "k") },
		"remote Expire":   func(t *testing.T, _, other *hybrid.Cache[int]) { _, _ = other.Expire(t.Context(), "k") },
		"ExpireByTag":     func(t *testing.T, own, _ *hybrid.Cache[int]) { _, _ = own.Stack().ExpireByTag(t.Context(), "tag") },
		"remote clearing": func(t *testing.T, _, other *hybrid.Cache[int]) { _, _ = other.Stack().ExpireAll(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := newNetwork(t)
				o := core.EntryOptions{TTL: time.Minute, StaleWhileRevalidate: time.Hour, Tags: []string{"tag"}}
				own, other := open[int](t, net.join(o)), open[int](t, net.join(o))
				time.Sleep(5 * time.Second)
				f := counting(0)
				expectAsk(t, own, f, 1, 1)
				invalidate(t, own, other)
				time.Sleep(time.Second)
				expectAsk(t, own, f, 2, 2)
			})
		})
	}
}

// A node that has just started serves the stale entry of the server, and refreshes it.
func TestSpec3_StaleWhileRevalidateFromTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		o := core.EntryOptions{TTL: time.Minute, StaleWhileRevalidate: time.Hour}
		set(t, open[int](t, hybrid.Options{Distributed: server, Defaults: o}), 7)
		time.Sleep(2 * time.Minute)
		c := open[int](t, hybrid.Options{Distributed: server, Defaults: o})
		f := counting(time.Second)
		took(t, 0, func() { expectAskAnyCalls(t, c, f, 7) })
		time.Sleep(2 * time.Second)
		expectAsk(t, c, f, 1, 1)
	})
}

func TestSpec3_StaleIfErrorCountsFromTheEndOfTheLife(t *testing.T) {
	inMemories(t, func(t *testing.T, memory core.MemoryLayer) {
		c := open[int](t, hybrid.Options{Memory: memory, Defaults: core.EntryOptions{
			TTL: time.Minute, StaleIfError: 5 * time.Minute, Throttle: 10 * time.Second, SoftTimeout: time.Millisecond,
		}})
		f := okThenFails()
		start := time.Now()
		expectAsk(t, c, f, 1, 1)
		at(start, 61*time.Second)
		expectAsk(t, c, f, 1, 2)
		expectAsk(t, c, f, 1, 2) // a throttle window
		at(start, 6*time.Minute-time.Second)
		expectAsk(t, c, f, 1, 3)
		at(start, 6*time.Minute)
		expectFailure(t, c, f, errBoom)
	})
}

// It is for errors: a factory that is late is waited for.
func TestSpec3_StaleIfErrorKnowsNoSoftTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, StaleIfError: time.Hour, SoftTimeout: time.Second}})
		expectAsk(t, c, counting(0), 1, 1)
		time.Sleep(61 * time.Second)
		slow := &F[int]{delay: 3 * time.Second, results: []func() (int, error){returns(2)}}
		took(t, 3*time.Second, func() { expectAsk(t, c, slow, 2, 1) })
	})
}

// Each window has its own end, and the longest keeps the entry.
func TestSpec3_WindowsStandBesideFailSafe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: 2 * time.Minute, StaleIfError: 10 * time.Minute}})
		f := okThenFails()
		start := time.Now()
		expectAsk(t, c, f, 1, 1)
		at(start, 3*time.Minute) // fail-safe has ended, and with it its soft timeouts
		expectAsk(t, c, f, 1, 2, core.SoftTimeout(time.Second))
		expectFailure(t, c, f, errBoom, core.StaleIfError(0))
		at(start, 11*time.Minute)
		expectFailure(t, c, f, errBoom)
	})
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: 2 * time.Minute, StaleWhileRevalidate: 10 * time.Minute}})
		expectAsk(t, c, counting(0), 1, 1)
		time.Sleep(5 * time.Minute)
		f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
		expectFailure(t, c, f, errBoom, core.StaleWhileRevalidate(0)) // fail-safe has ended
		expectAskAnyCalls(t, c, f, 1)
	})
}

func TestSeed_FS5_ADefaultStandsInWhereNothingIsStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		stale, activated := tally(c, core.StaleHit), tally(c, core.FailSafeActivated)
		c.Stack().Events().Listen("age", core.StaleHit, func(ev core.Event) {
			if ev.Age != 0 {
				t.Errorf("a default of age %v", ev.Age)
			}
		})
		fallback := []core.Option{core.FailSafeDefault(42), core.ErrorBackoff(10 * time.Second)}
		f := &F[int]{results: []func() (int, error){fails[int](errBoom), fails[int](errBoom), returns(1)}}
		expectAsk(t, c, f, 42, 1, fallback...)
		expectAsk(t, c, f, 42, 1, fallback...) // the back-off spares the factory
		expectCount(t, "StaleHit", stale, 2)
		expectCount(t, "FailSafeActivated", activated, 2)
		expectMiss(t, c) // it is stored nowhere
		expectFailure(t, c, f, errBoom)
		time.Sleep(11 * time.Second)
		expectAsk(t, c, f, 1, 3, fallback...)

		slow := &F[int]{delay: hang}
		_, _ = c.Remove(t.Context(), "k")
		expectAsk(t, c, slow, 42, 1, core.FailSafeDefault(42), core.HardTimeout(time.Second), core.CancelOnTimeout(true))
		synctest.Wait()
		for _, err := range []error{core.NoFailSafe(errBoom), core.ErrNotFound} {
			expectFailure(t, c, &F[int]{results: []func() (int, error){fails[int](err)}}, err, core.FailSafeDefault(42))
		}
	})
}

func TestSeed_FS5_AStaleValueIsBetterThanTheDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: safe()})
		f := okThenFails()
		expectAsk(t, c, f, 1, 1)
		time.Sleep(61 * time.Second)
		expectAsk(t, c, f, 1, 2, core.FailSafeDefault(42))
	})
}

func TestSeed_FS5_ADefaultOfAnotherTypeIsRefused(t *testing.T) {
	c := open[int](t, hybrid.Options{})
	_, err := c.GetOrSet(t.Context(), "k", made, core.FailSafeDefault("text"))
	expectOption(t, err, "EntryOptions.FailSafeDefault")
}

// Levels keep stale entries for times of their own.
func TestSpec3_DistributedStaleTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		o := safe()
		o.DistributedStaleTTL = time.Hour
		a := open[int](t, hybrid.Options{Distributed: server, Defaults: o})
		set(t, a, 7)
		time.Sleep(10 * time.Minute) // memory has none any more
		f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
		expectAsk(t, a, f, 7, 1)
		b := open[int](t, hybrid.Options{Distributed: server, Defaults: o})
		expectAsk(t, b, f, 7, 2)
		time.Sleep(51 * time.Minute)
		expectFailure(t, b, f, errBoom)
	})
}

// A failing factory that is refreshed ahead opens no throttle window.
func TestSpec18_AFailedRefreshLeavesFailSafeAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := safe()
		o.EagerRefresh, o.MaxCycles = 0.5, 1
		c := open[int](t, hybrid.Options{Defaults: o})
		activated := tally(c, core.FailSafeActivated)
		f := okThenFails()
		expectAsk(t, c, f, 1, 1)
		time.Sleep(31 * time.Second)
		expectAskAnyCalls(t, c, f, 1)
		synctest.Wait()
		expectCalls(t, f, 2)
		expectCount(t, "FailSafeActivated", activated, 0)
		time.Sleep(30 * time.Second)
		expectAsk(t, c, f, 1, 3)
		expectCount(t, "FailSafeActivated", activated, 1)
	})
}

func ExampleCache_GetOrSet_staleWhileRevalidate() {
	stack := newStack()
	defer stack.Close(context.Background())
	// For five minutes after their end, articles are served while they are loaded
	// anew; for a day, if that fails.
	articles := hybrid.Must(hybrid.Of[string](stack, "article",
		core.TTL(time.Minute), core.StaleWhileRevalidate(5*time.Minute), core.StaleIfError(24*time.Hour)))

	text, err := articles.GetOrSet(context.Background(), "7", func(context.Context, string) (string, error) { return "news", nil })
	fmt.Println(text, err)
	// Output: news <nil>
}

func ExampleCache_GetOrSet_failSafeDefault() {
	stack := newStack()
	defer stack.Close(context.Background())
	limits := hybrid.Must(hybrid.Of[int](stack, "limit", core.FailSafeDefault(100)))

	limit, err := limits.GetOrSet(context.Background(), "tenant", func(context.Context, string) (int, error) {
		return 0, errors.New("no answer")
	})
	fmt.Println(limit, err)
	// Output: 100 <nil>
}

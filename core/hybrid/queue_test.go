// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// busy keeps the one factory of c running for d.
func busy(t *testing.T, c *hybrid.Cache[int], d time.Duration) {
	t.Helper()
	go func() { _, _ = c.GetOrSet(t.Context(), "busy", (&F[int]{delay: d}).load) }()
	synctest.Wait()
}

// queue is a stack of one factory at a time.
func queue(waiting int, defaults core.EntryOptions) hybrid.Options {
	return hybrid.Options{MaxFactories: 1, FactoryQueue: waiting, Defaults: defaults}
}

func onQueue(t *testing.T, o hybrid.Options, test func(t *testing.T, c *hybrid.Cache[int])) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, open[int](t, o)) })
}

func TestPeers4_8_AQueueNeedsALimit(t *testing.T) {
	_, err := hybrid.New(hybrid.Options{Memory: new(mapMemory), FactoryQueue: 1})
	expectOption(t, err, "Options.FactoryQueue")
}

func TestPeers4_8_LoadsWaitForTheirTurnFirstComeFirstServed(t *testing.T) {
	onQueue(t, queue(10, core.EntryOptions{}), func(t *testing.T, c *hybrid.Cache[int]) {
		f := &F[int]{delay: time.Second}
		crowd(10, func(i int) {
			time.Sleep(time.Duration(i) * time.Millisecond) // they come one after the other
			start := time.Now()
			if _, err := c.GetOrSet(t.Context(), fmt.Sprint(i), f.load); err != nil {
				t.Errorf("%d: %v", i, err)
			}
			if took, want := time.Since(start), time.Duration(i+1)*time.Second-time.Duration(i)*time.Millisecond; took != want {
				t.Errorf("%d: took %v, want %v", i, took, want)
			}
		})
		expectCount(t, "factories at a time", &f.maxRunning, 1)
	})
}

func TestPeers4_8_ExplainTellsThatALoadWaitsForItsTurn(t *testing.T) {
	onQueue(t, queue(10, core.EntryOptions{}), func(t *testing.T, c *hybrid.Cache[int]) {
		busy(t, c, 10*time.Second)
		f := &F[int]{delay: time.Second, results: []func() (int, error){returns(1)}}
		go func() { expectAsk(t, c, f, 1, 1) }()
		time.Sleep(4 * time.Second)
		x := explain(t, c)
		if !x.Load.UnderWay || !x.Load.Queued || x.Load.For != 4*time.Second || x.Load.Waiting != 1 {
			t.Errorf("got %+v", x.Load)
		}
		contains(t, x, "load waits for its turn for 4s, callers waiting: 1")
		time.Sleep(6*time.Second + time.Second/2)
		if x := explain(t, c); !x.Load.UnderWay || x.Load.Queued {
			t.Errorf("its turn has come: got %+v", x.Load)
		}
		time.Sleep(time.Second)
	})
}

func TestPeers4_8_TheQueueIsBounded(t *testing.T) {
	onQueue(t, queue(1, core.EntryOptions{}), func(t *testing.T, c *hybrid.Cache[int]) {
		busy(t, c, 10*time.Second)
		f := &F[int]{results: []func() (int, error){returns(1)}}
		go func() { took(t, 10*time.Second, func() { expectAsk(t, c, f, 1, 1) }) }()
		synctest.Wait()
		took(t, 0, func() {
			if _, err := c.GetOrSet(t.Context(), "other", f.load); !errors.Is(err, core.ErrOverload) {
				t.Errorf("got %v", err)
			}
		})
		took(t, 10*time.Second, func() { expectAsk(t, c, f, 1, 1) }) // joins
	})
}

func TestPeers4_8_WhoHasAStaleValueGetsItAtOnce(t *testing.T) {
	onQueue(t, queue(10, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}), func(t *testing.T, c *hybrid.Cache[int]) {
		set(t, c, 1)
		time.Sleep(61 * time.Second)
		busy(t, c, 10*time.Second)
		f := &F[int]{results: []func() (int, error){returns(2)}}
		took(t, 0, func() { expectAsk(t, c, f, 1, 0) })
		took(t, 10*time.Second, func() { expectAsk(t, c, f, 2, 1, core.WithoutFailSafe()) })
	})
}

func TestPeers4_8_WhoWaitsLeavesByItsOwnLimits(t *testing.T) {
	onQueue(t, queue(10, core.EntryOptions{ErrorBackoff: time.Hour}), func(t *testing.T, c *hybrid.Cache[int]) {
		busy(t, c, time.Minute)
		f := &F[int]{results: []func() (int, error){returns(1)}}
		took(t, time.Second, func() { expectFailure(t, c, f, core.ErrFactoryTimeout, core.HardTimeout(time.Second)) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		took(t, time.Second, func() {
			if _, err := c.GetOrSet(ctx, "k", f.load); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
		took(t, 2*time.Second, func() {
			if _, err := c.GetOrSet(t.Context(), "other", f.load, core.LoadTimeout(2*time.Second)); !errors.Is(err, core.ErrOverload) {
				t.Errorf("got %v", err)
			}
		})
		expectCalls(t, f, 0)
		time.Sleep(time.Minute)
		expectHit(t, c, 1) // the load has kept its place
		if v, err := c.GetOrSet(t.Context(), "other", f.load); v != 1 || err != nil {
			t.Errorf("the wait counts as a failure of the factory: %v, %v", v, err)
		}
	})
}

func TestPeers4_8_TheBudgetOfTheFactoryBeginsWithItsTurn(t *testing.T) {
	onQueue(t, queue(10, core.EntryOptions{LoadTimeout: 10 * time.Second}), func(t *testing.T, c *hybrid.Cache[int]) {
		busy(t, c, 9*time.Second)
		f := &F[int]{delay: 9 * time.Second, results: []func() (int, error){returns(1)}}
		took(t, 18*time.Second, func() { expectAsk(t, c, f, 1, 1) })
	})
}

func TestPeers4_8_CloseEndsTheQueue(t *testing.T) {
	onQueue(t, queue(10, core.EntryOptions{}), func(t *testing.T, c *hybrid.Cache[int]) {
		busy(t, c, 10*time.Second)
		f := &F[int]{results: []func() (int, error){returns(1)}}
		for _, ctx := range []context.Context{t.Context(), context.Background()} {
			go func() {
				took(t, time.Second, func() {
					if _, err := c.GetOrSet(ctx, fmt.Sprint(ctx), f.load); !errors.Is(err, core.ErrClosed) {
						t.Errorf("got %v", err)
					}
				})
			}()
		}
		time.Sleep(time.Second)
		took(t, 9*time.Second, func() {
			if err := c.Stack().Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
		expectCalls(t, f, 0)
	})
}

func TestPeers4_8_WhatHasBeenWrittenMeanwhileIsNotLoaded(t *testing.T) {
	for name, write := range map[string]func(t *testing.T, a, b *hybrid.Cache[int]){
		"here":      func(t *testing.T, a, _ *hybrid.Cache[int]) { set(t, a, 5) },
		"elsewhere": func(t *testing.T, _, b *hybrid.Cache[int]) { set(t, b, 5) },
		"loaded elsewhere": func(t *testing.T, _, b *hybrid.Cache[int]) {
			expectAsk(t, b, &F[int]{results: []func() (int, error){returns(5)}}, 5, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			onNetwork(t, func(t *testing.T, net *network) {
				o := net.join(core.EntryOptions{TTL: time.Minute})
				o.MaxFactories, o.FactoryQueue = 1, 1
				a, b := open[int](t, o), open[int](t, net.join(core.EntryOptions{TTL: time.Minute}))
				synctest.Wait()
				busy(t, a, 10*time.Second)
				go func() {
					time.Sleep(5 * time.Second)
					write(t, a, b)
				}()
				f := &F[int]{results: []func() (int, error){returns(1)}}
				took(t, 10*time.Second, func() { expectAsk(t, a, f, 5, 0) })
				expectHit(t, a, 5)
				expectHit(t, b, 5)
			})
		})
	}
}

func TestPeers4_8_ABatchWaitsAsOne(t *testing.T) {
	onQueue(t, queue(1, core.EntryOptions{}), func(t *testing.T, c *hybrid.Cache[int]) {
		busy(t, c, 10*time.Second)
		f := &M{delay: time.Second}
		took(t, 11*time.Second, func() {
			got, err := c.GetOrSetMany(t.Context(), strings.Fields("a bb ccc dddd"), f.load)
			expectMany(t, got, err, "a bb ccc dddd")
		})
		if calls := f.calls(); len(calls) != 1 {
			t.Errorf("calls for %q, want one for all", calls)
		}
		busy(t, c, 0)
	})
}

func TestPeers4_8_WhatAFactoryAsksForDoesNotWait(t *testing.T) {
	onQueue(t, queue(10, core.EntryOptions{}), func(t *testing.T, c *hybrid.Cache[int]) {
		v, err := c.GetOrSet(t.Context(), "k", func(ctx context.Context, _ string) (int, error) {
			return c.GetOrSet(ctx, "inner", loadOne)
		})
		if !errors.Is(err, core.ErrOverload) {
			t.Errorf("got %v, %v", v, err)
		}
	})
}

func TestPeers4_8_ARefreshDoesNotWait(t *testing.T) {
	onQueue(t, queue(10, core.EntryOptions{TTL: time.Minute, EagerRefresh: 0.5}), func(t *testing.T, c *hybrid.Cache[int]) {
		set(t, c, 1)
		time.Sleep(40 * time.Second)
		busy(t, c, 10*time.Second)
		f := &F[int]{results: []func() (int, error){returns(2)}}
		took(t, 0, func() { expectAsk(t, c, f, 1, 0) })
		time.Sleep(15 * time.Second)
		expectCalls(t, f, 0)
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// The tests TestSpec33_Qn show what docs/coming-from-fusioncache.md says about the
// nth known defect of the .NET original: that this library does not have it.

func TestSpec33_Q1_WhatHappensDuringABackgroundLoadWins(t *testing.T) {
	for name, during := range map[string]func(ctx context.Context, c *hybrid.Cache[int]) error{
		"set":    func(ctx context.Context, c *hybrid.Cache[int]) error { _, err := c.Set(ctx, "k", 9); return err },
		"remove": func(ctx context.Context, c *hybrid.Cache[int]) error { _, err := c.Remove(ctx, "k"); return err },
		"tag": func(ctx context.Context, c *hybrid.Cache[int]) error {
			_, err := c.Stack().RemoveByTag(ctx, "red")
			return err
		},
		"clear": func(ctx context.Context, c *hybrid.Cache[int]) error { _, err := c.Stack().Clear(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) {
			modes(t, func(t *testing.T, layer core.DistributedLayer) {
				c := open[int](t, hybrid.Options{Distributed: layer, Defaults: core.EntryOptions{
					TTL: time.Minute, StaleTTL: time.Hour, SoftTimeout: time.Second, Tags: []string{"red"},
				}})
				set(t, c, 1)
				time.Sleep(61 * time.Second)
				f := &F[int]{delay: 10 * time.Second, results: []func() (int, error){returns(2)}}
				if v, err := c.GetOrSet(t.Context(), "k", f.load); v != 1 || err != nil {
					t.Errorf("after the soft timeout: %v, %v", v, err)
				}
				if err := during(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Second)
				if name == "set" {
					expectHit(t, c, 9)
				} else {
					expectMiss(t, c, core.AllowStale(true))
				}
			})
		})
	}
}

func TestSpec33_Q4_BackgroundLoadDoesNotEndWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, SoftTimeout: time.Second}})
		set(t, c, 1)
		time.Sleep(61 * time.Second)
		f := &F[int]{delay: 10 * time.Second, results: []func() (int, error){returns(2)}}
		ctx, cancel := context.WithCancel(t.Context())
		_, _ = c.GetOrSet(ctx, "k", f.load)
		cancel()
		time.Sleep(10 * time.Second)
		expectHit(t, c, 2)
		expectCount(t, "cancelled factories", &f.ctxCancelled, 0)
	})
}

func TestSpec33_Q5_CancellationInsideTheFactoryIsAFailureLikeAnother(t *testing.T) {
	for _, why := range []error{context.Canceled, context.DeadlineExceeded} {
		synctest.Test(t, func(t *testing.T) {
			c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}})
			set(t, c, 1)
			time.Sleep(61 * time.Second)
			f := &F[int]{results: []func() (int, error){fails[int](why)}}
			if v, err := c.GetOrSet(t.Context(), "k", f.load); v != 1 || err != nil {
				t.Errorf("%v: %v, %v, want the stale value", why, v, err)
			}
		})
	}
}

func TestSpec33_Q6_HungFactoryHoldsUpNobodyBeyondTheHardTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, HardTimeout: 5 * time.Second, LoadTimeout: 20 * time.Second}})
		f := &F[int]{delay: 2 * time.Minute, deaf: true}
		for range 3 { // the one who began it, and two who join it
			took(t, 5*time.Second, func() { expectFailure(t, c, f, core.ErrFactoryTimeout) })
		}
		expectCalls(t, f, 1)
		time.Sleep(30 * time.Second) // twice its budget is over: it is given up, though it goes on
		ok := &F[int]{results: []func() (int, error){returns(1)}}
		if v, err := c.GetOrSet(t.Context(), "k", ok.load); v != 1 || err != nil {
			t.Errorf("a later load: %v, %v", v, err)
		}
		time.Sleep(2 * time.Minute)
	})
}

func TestSpec33_Q9_LoadIsSharedHoweverLongItTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Hour, LoadTimeout: core.Forever}})
		f := &F[int]{delay: 20 * time.Minute, results: []func() (int, error){returns(1)}}
		crowd(10, func(i int) {
			time.Sleep(time.Duration(i) * time.Minute)
			if v, err := c.GetOrSet(t.Context(), "k", f.load); v != 1 || err != nil {
				t.Errorf("%v, %v", v, err)
			}
		})
		expectCalls(t, f, 1)
	})
}

func TestSpec33_Q18_WaitersShareAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		f := &F[int]{delay: time.Second, results: []func() (int, error){fails[int](errBoom)}}
		took(t, time.Second, func() {
			crowd(100, func(int) { expectFailure(t, c, f, errBoom) })
		})
		expectCalls(t, f, 1)
	})
}

func TestSpec33_Q21_FailSafeServesWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}})
		set(t, c, 1, core.FailSafe(time.Hour))
		time.Sleep(61 * time.Second)
		f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
		expectFailure(t, c, f, errBoom) // who does not ask for fail-safe gets the error
		if v, err := c.GetOrSet(t.Context(), "k", f.load, core.FailSafe(time.Hour)); v != 1 || err != nil {
			t.Errorf("with fail-safe: %v, %v", v, err)
		}
	})
}

// The factory returns at once when its context ends: that must not be taken for a
// cancellation by the caller.
func TestSpec33_Q23_TimeoutIsATimeoutThoughTheFactoryObeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{
			TTL: time.Minute, StaleTTL: time.Hour, HardTimeout: time.Second, CancelOnTimeout: true,
		}})
		f := &F[int]{delay: hang}
		_, err := c.GetOrSet(t.Context(), "k", f.load)
		if !errors.Is(err, core.ErrFactoryTimeout) || errors.Is(err, context.Canceled) {
			t.Errorf("cold: %v, want a timeout", err)
		}
		set(t, c, 1)
		time.Sleep(61 * time.Second)
		if v, err := c.GetOrSet(t.Context(), "k", f.load); v != 1 || err != nil {
			t.Errorf("with something stale: %v, %v", v, err)
		}
	})
}

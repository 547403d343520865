// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// okThenFails is a factory that succeeds once.
func okThenFails() *F[int] {
	return &F[int]{results: []func() (int, error){returns(1), fails[int](errBoom)}}
}

func TestSeed_BL7_AStaleCopyLivesFromTheLastSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: 60 * time.Second, StaleTTL: 300 * time.Second}})
		f := okThenFails()
		start := time.Now()
		expectAsk(t, c, f, 1, 1)
		at(start, 61*time.Second)
		expectAsk(t, c, f, 1, 2)
		at(start, 299*time.Second)
		expectAsk(t, c, f, 1, 3)
		at(start, 301*time.Second)
		expectFailure(t, c, f, errBoom)
	})
}

func TestSeed_BL7_AStaleCopyThatLivesShorterIsRefused(t *testing.T) {
	_, err := hybrid.New(hybrid.Options{
		Memory: new(mapMemory), Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Second},
	})
	expectOption(t, err, "EntryOptions.StaleTTL")
	c := open[int](t, hybrid.Options{Defaults: safe()})
	_, err = c.Set(t.Context(), "k", 1, core.TTL(time.Hour))
	expectOption(t, err, "EntryOptions.StaleTTL")
	expectMiss(t, c)
}

func TestSeed_BL8_InAWindowTheFactoryIsLeftAlone(t *testing.T) {
	for _, step := range []time.Duration{0, time.Hour, -time.Hour} {
		t.Run("wall clock moved by "+step.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var moved atomic.Int64
				c := open[int](t, hybrid.Options{
					Wall:     func() time.Time { return time.Now().Add(time.Duration(moved.Load())) },
					Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, Throttle: 60 * time.Second},
				})
				f := okThenFails()
				expectAsk(t, c, f, 1, 1)
				time.Sleep(61 * time.Second)
				expectAsk(t, c, f, 1, 2)
				moved.Store(int64(step))
				for range 59 {
					time.Sleep(time.Second)
					expectAsk(t, c, f, 1, 2)
				}
				time.Sleep(2 * time.Second)
				expectAsk(t, c, f, 1, 3)
			})
		})
	}
}

func TestSeed_BL9_CyclesAreWindowsInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{
			TTL: 10 * time.Second, StaleTTL: time.Hour, Throttle: 60 * time.Second, MaxCycles: 3,
		}})
		f := okThenFails()
		expectAsk(t, c, f, 1, 1)
		for round := range 2 {
			calls := f.calls.Load()
			time.Sleep(11 * time.Second)
			for window := range int64(3) {
				for range 1000 {
					expectAsk(t, c, f, 1, calls+window+1)
				}
				time.Sleep(61 * time.Second)
			}
			for range 10 {
				expectFailure(t, c, f, errBoom)
				time.Sleep(10 * time.Second)
			}
			if round == 0 {
				success := &F[int]{results: []func() (int, error){returns(1)}}
				expectAsk(t, c, success, 1, 1)
			}
		}
	})
}

func TestSeed_BL10_WithoutABoundWindowsFollowUntilTheCopyDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := new(countedMemory)
		c := open[int](t, hybrid.Options{Memory: memory, Defaults: core.EntryOptions{
			TTL: 10 * time.Second, StaleTTL: time.Hour, Throttle: 60 * time.Second, ErrorBackoff: time.Second,
		}})
		expectBookkeeping := func(windows int) {
			t.Helper()
			if flights, n := c.Stack().Flights(), c.Stack().Windows(); flights != 0 || n != windows {
				t.Errorf("%d flights and %d failures are remembered, want none and %d", flights, n, windows)
			}
			if n := memory.Len(); n > 1 {
				t.Errorf("%d entries for one key", n)
			}
		}
		f := okThenFails()
		start := time.Now()
		expectAsk(t, c, f, 1, 1)
		for window := range int64(50) {
			at(start, 11*time.Second+time.Duration(window)*61*time.Second)
			expectAsk(t, c, f, 1, window+2)
			expectBookkeeping(0)
		}
		at(start, time.Hour+time.Second)
		expectFailure(t, c, f, errBoom)
		expectBookkeeping(1)
		time.Sleep(time.Second)
		expectAsk(t, c, &F[int]{results: []func() (int, error){returns(2)}}, 2, 1)
		expectBookkeeping(0)
	})
}

func TestSeed_BL11_SoftTimeoutServesStaleAndLetsTheFactoryGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := safe()
		o.SoftTimeout = time.Second
		c := open[int](t, hybrid.Options{Defaults: o})
		set(t, c, 1)
		time.Sleep(61 * time.Second)
		f := &F[int]{delay: 3 * time.Second, results: []func() (int, error){returns(2)}}
		start := time.Now()
		expectAsk(t, c, f, 1, 1)
		if took := time.Since(start); took != time.Second {
			t.Errorf("stale after %v, want 1s", took)
		}
		at(start, 3*time.Second)
		synctest.Wait()
		expectHit(t, c, 2)
	})
}

func TestSeed_BL12_HardTimeoutBoundsTheWaitForTheFactory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{HardTimeout: 5 * time.Second}})
		f := &F[int]{delay: hang}
		start := time.Now()
		expectFailure(t, c, f, core.ErrFactoryTimeout)
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("error after %v, want 5s", took)
		}
	})
}

func TestSeed_BL13_AfterATimeoutTheFactoryEndsOnlyIfToldTo(t *testing.T) {
	for _, cancel := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{HardTimeout: 5 * time.Second, CancelOnTimeout: cancel}})
			f := &F[int]{delay: 8 * time.Second, results: []func() (int, error){returns(1)}}
			expectFailure(t, c, f, core.ErrFactoryTimeout)
			synctest.Wait()
			if !cancel {
				expectCount(t, "running factories", &f.running, 1)
				time.Sleep(3 * time.Second)
				synctest.Wait()
				expectHit(t, c, 1)
				return
			}
			expectCount(t, "cancelled factories", &f.ctxCancelled, 1)
			if cause := *f.cause.Load(); !errors.Is(cause, core.ErrFactoryTimeout) || !errors.Is(cause, context.DeadlineExceeded) {
				t.Errorf("cancelled for %v", cause)
			}
			time.Sleep(time.Minute)
			expectMiss(t, c)
		})
	}
}

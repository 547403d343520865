// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// took checks how much virtual time call takes.
func took(t *testing.T, want time.Duration, call func()) {
	t.Helper()
	start := time.Now()
	call()
	if got := time.Since(start); got != want {
		t.Errorf("took %v, want %v", got, want)
	}
}

// expired returns a view whose key "k" holds a stale 1.
func expired(t *testing.T, o core.EntryOptions) *hybrid.Cache[int] {
	t.Helper()
	o.TTL, o.StaleTTL, o.Throttle = time.Minute, time.Hour, time.Minute
	c := open[int](t, hybrid.Options{Defaults: o})
	set(t, c, 1)
	time.Sleep(61 * time.Second)
	return c
}

func TestSeed_TO2_SoftTimeoutServesStaleWhileTheLoadGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := expired(t, core.EntryOptions{SoftTimeout: time.Second})
		f := &F[int]{delay: 3 * time.Second, results: []func() (int, error){returns(2)}}
		start := time.Now()
		crowd(100, func(i int) {
			late := time.Duration(i/50) * 500 * time.Millisecond // half of them join the load later
			at(start, late)
			took(t, time.Second, func() { expectAsk(t, c, f, 1, 1) })
		})
		at(start, 2*time.Second)
		took(t, 0, func() { expectAsk(t, c, f, 1, 1) }) // in the window
		at(start, 3*time.Second)
		synctest.Wait()
		expectHit(t, c, 2)
		expectCalls(t, f, 1)
	})
}

func TestSeed_TO3_SoftTimeoutDoesNothingWithoutAStaleValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defaults := core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, SoftTimeout: 100 * time.Millisecond}
		c := open[int](t, hybrid.Options{Defaults: defaults})
		f := &F[int]{delay: 300 * time.Millisecond, results: []func() (int, error){returns(1)}}
		took(t, 300*time.Millisecond, func() { expectAsk(t, c, f, 1, 1) })
		_, _ = c.Remove(t.Context(), "k")
		took(t, 300*time.Millisecond, func() { expectAsk(t, c, f, 1, 2, core.HardTimeout(time.Second)) })
		_, _ = c.Remove(t.Context(), "k")
		took(t, 200*time.Millisecond, func() {
			expectFailure(t, c, f, core.ErrFactoryTimeout, core.HardTimeout(200*time.Millisecond))
		})
	})
}

func TestSeed_TO4_SoftTimeoutAboveTheHardOneNeverActs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := []core.Option{core.SoftTimeout(200 * time.Millisecond), core.HardTimeout(100 * time.Millisecond)}
		f := &F[int]{delay: 500 * time.Millisecond}
		c := expired(t, core.EntryOptions{})
		took(t, 100*time.Millisecond, func() {
			_, err := c.GetOrSet(t.Context(), "cold", f.load, limits...)
			limit, ok := errors.AsType[*core.TimeoutError](err)
			if !ok || limit.Soft || limit.After != 100*time.Millisecond || !errors.Is(err, core.ErrFactoryTimeout) {
				t.Errorf("cold: got %#v", err)
			}
		})
		took(t, 100*time.Millisecond, func() { expectAsk(t, c, f, 1, 2, limits...) })
	})
}

func TestSeed_TO4_SoftTimeoutAboveTheHardOneIsAdvisedAgainst(t *testing.T) {
	advice := func(o core.EntryOptions) int64 {
		p := &listening{mask: core.Advice}
		open[int](t, hybrid.Options{Plugins: []core.Plugin{p}, Defaults: o})
		return p.n.Load()
	}
	o := core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, SoftTimeout: 2 * time.Second, HardTimeout: time.Second}
	if advice(o) == 0 {
		t.Error("no advice")
	}
	o.HardTimeout = 3 * time.Second
	if advice(o) != 0 {
		t.Error("advice against good options")
	}
}

// A view hears of its own options, and not once more of those of the stack.
func TestSeed_TO4_AViewIsAdvisedToo(t *testing.T) {
	p := &listening{mask: core.Advice}
	defaults := core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, SoftTimeout: time.Second, IdleTTL: time.Hour}
	s := open[int](t, hybrid.Options{Plugins: []core.Plugin{p}, Defaults: defaults}).Stack()
	if got := p.n.Load(); got != 1 {
		t.Errorf("%d pieces of advice for the stack and a view like it, want 1", got)
	}
	if _, err := hybrid.Of[int](s, "hasty", core.HardTimeout(time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := p.n.Load(); got != 2 {
		t.Errorf("%d pieces of advice after a view with a soft timeout not below the hard one, want 2", got)
	}
}

// listening is a plugin that counts events from the start of a stack.
type listening struct {
	mask core.Kind
	n    atomic.Int64
}

func (*listening) Name() string { return "listening" }

func (p *listening) Install(h *core.Host) error {
	h.OnEvent(p.mask, func(core.Event) { p.n.Add(1) })
	return nil
}

func TestSeed_TO5_HardTimeoutEndsEveryWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{HardTimeout: 5 * time.Second, CancelOnTimeout: true}})
		f := &F[int]{delay: hang}
		start := time.Now()
		crowd(101, func(i int) {
			if i == 100 { // joins late, and has a patience of its own
				at(start, 4*time.Second)
			}
			took(t, 5*time.Second, func() { expectFailure(t, c, f, core.ErrFactoryTimeout) })
		})
		expectCalls(t, f, 1)
		expectFailure(t, c, f, core.ErrFactoryTimeout)
		expectCalls(t, f, 2)
	})
}

func TestSeed_TO6_WithoutCallersTheFactoryIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{HardTimeout: 5 * time.Second, CancelOnTimeout: true}})
		f := &F[int]{delay: hang}
		took(t, 5*time.Second, func() { expectFailure(t, c, f, core.ErrFactoryTimeout) })
		synctest.Wait()
		expectCount(t, "cancelled factories", &f.ctxCancelled, 1)
		expectCount(t, "running factories", &f.running, 0)
		if cause := *f.cause.Load(); !errors.Is(cause, core.ErrFactoryTimeout) {
			t.Errorf("cancelled because of %v", cause)
		}
	})
}

func TestSeed_TO6_AbandonedFactoryStoresNothingAndIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{
			MaxAbandoned: 2,
			Defaults:     core.EntryOptions{HardTimeout: 5 * time.Second, CancelOnTimeout: true},
		})
		f := &F[int]{delay: time.Minute, deaf: true, results: []func() (int, error){returns(1)}}
		for calls := range 2 {
			expectFailure(t, c, f, core.ErrFactoryTimeout)
			expectCalls(t, f, int64(calls+1))
		}
		took(t, 0, func() { expectFailure(t, c, f, core.ErrOverload) })
		time.Sleep(time.Minute)
		synctest.Wait()
		expectCount(t, "running factories", &f.running, 0)
		expectMiss(t, c)
		f.deaf, f.delay = false, time.Second
		expectAsk(t, c, f, 1, 3)
	})
}

func TestSeed_TO7_HardTimeoutIsAnErrorUnlessAStaleValueMayBeServed(t *testing.T) {
	for _, failSafe := range []bool{true, false} {
		for _, strict := range []bool{true, false} {
			for _, soft := range []time.Duration{0, 2 * time.Second, 10 * time.Second} {
				t.Run(fmt.Sprintf("fail-safe %v, strict %v, soft %v", failSafe, strict, soft), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						c := expired(t, core.EntryOptions{HardTimeout: 5 * time.Second, StrictHardTimeout: strict, SoftTimeout: soft})
						var opts []core.Option
						if !failSafe {
							opts = append(opts, core.WithoutFailSafe())
						}
						f := &F[int]{delay: hang}
						took(t, 5*time.Second, func() {
							_, err := c.GetOrSet(t.Context(), "cold", f.load, opts...)
							if !errors.Is(err, core.ErrFactoryTimeout) || !errors.Is(err, context.DeadlineExceeded) {
								t.Errorf("cold: got %v", err)
							}
						})
						if softActs := failSafe && soft == 2*time.Second; failSafe && (!strict || softActs) {
							expectAsk(t, c, f, 1, 2, opts...)
							return
						}
						expectFailure(t, c, f, core.ErrFactoryTimeout, opts...)
					})
				})
			}
		}
	}
}

func TestSeed_TO8_BackgroundResultIsStoredOnceEverywhere(t *testing.T) {
	// The factory ends after the soft timeout, or before it.
	for _, delay := range []time.Duration{3 * time.Second, 500 * time.Millisecond} {
		onNetwork(t, func(t *testing.T, net *network) {
			defaults := core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, SoftTimeout: time.Second}
			options := net.join(defaults)
			a, b := open[int](t, options), open[int](t, net.join(defaults))
			synctest.Wait()
			set(t, a, 1)
			expectHit(t, b, 1)
			time.Sleep(61 * time.Second)
			published := &options.Backplane.(*slowBus).published
			net.sets.Store(0)
			published.Store(0)
			f := &F[int]{delay: delay, results: []func() (int, error){returns(2)}}
			crowd(100, func(int) { ask(t, a, f) })
			time.Sleep(3 * time.Second)
			synctest.Wait()
			expectHit(t, a, 2)
			expectHit(t, b, 2)
			expectCalls(t, f, 1)
			expectCount(t, "writes to the server", &net.sets, 1)
			expectCount(t, "messages", published, 1)
		})
	}
}

func onNetwork(t *testing.T, test func(t *testing.T, net *network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newNetwork(t)) })
}

func TestSeed_TO9_SoftTimeoutCancelsWhenNothingIsToGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := expired(t, core.EntryOptions{SoftTimeout: time.Second, CancelOnTimeout: true})
		f := &F[int]{delay: 3 * time.Second, results: []func() (int, error){returns(2)}}
		took(t, time.Second, func() { expectAsk(t, c, f, 1, 1) })
		synctest.Wait()
		expectCount(t, "cancelled factories", &f.ctxCancelled, 1)
		time.Sleep(3 * time.Second)
		expectHit(t, c, 1, core.AllowStale(true))
		expectCount(t, "running factories", &f.running, 0)
	})
}

func TestSeed_TO10_AfterAHardTimeoutTheLoadGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{HardTimeout: 5 * time.Second}})
		f := &F[int]{delay: 8 * time.Second, results: []func() (int, error){returns(1)}}
		start := time.Now()
		took(t, 5*time.Second, func() { expectFailure(t, c, f, core.ErrFactoryTimeout) })
		at(start, 6*time.Second)
		took(t, 2*time.Second, func() { expectAsk(t, c, f, 1, 1) })
		expectHit(t, c, 1)
	})
}

func TestSeed_TO11_FailureInTheBackgroundChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := expired(t, core.EntryOptions{SoftTimeout: time.Second})
		failed, windows := tally(c, core.BackgroundFailed), tally(c, core.FailSafeActivated)
		f := &F[int]{delay: 3 * time.Second, results: []func() (int, error){fails[int](errBoom), returns(2)}}
		start := time.Now()
		expectAsk(t, c, f, 1, 1)
		at(start, 4*time.Second)
		expectCount(t, "failures in the background", failed, 1)
		for second := 4; second < 61; second++ { // the window that began at 1 s
			at(start, time.Duration(second)*time.Second)
			took(t, 0, func() { expectAsk(t, c, f, 1, 1) })
		}
		at(start, 61*time.Second)
		took(t, time.Second, func() { expectAsk(t, c, f, 1, 2) })
		expectCount(t, "windows", windows, 2)
		at(start, 65*time.Second)
		expectHit(t, c, 2)
	})
}

func TestSeed_TO12_FactoriesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{MaxFactories: 100, Defaults: core.EntryOptions{HardTimeout: 5 * time.Second}})
		f := &F[int]{delay: hang}
		var refused atomic.Int64
		crowd(10_000, func(i int) {
			within(t, 5*time.Second, func() {
				_, err := c.GetOrSet(t.Context(), fmt.Sprint(i), f.load)
				switch {
				case errors.Is(err, core.ErrOverload):
					refused.Add(1)
				case !errors.Is(err, core.ErrFactoryTimeout):
					t.Errorf("got %v", err)
				}
			})
		})
		expectCount(t, "refused callers", &refused, 9900)
		expectCount(t, "factories at a time", &f.maxRunning, 100)
	})
}

func TestSeed_TO12_OverloadIsAnsweredWithAStaleValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{MaxFactories: 1, Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}})
		set(t, c, 1)
		time.Sleep(61 * time.Second)
		f := &F[int]{delay: hang}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _ = c.GetOrSet(ctx, "other", f.load)
		took(t, 0, func() { expectAsk(t, c, f, 1, 1) })
	})
}

func TestSeed_TO13_TheCallersDeadlineIsItsOwn(t *testing.T) {
	for _, cancels := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{CancelOnTimeout: cancels}})
			f := &F[int]{delay: 100 * time.Millisecond, results: []func() (int, error){returns(1)}}
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			took(t, 20*time.Millisecond, func() {
				_, err := c.GetOrSet(ctx, "k", f.load)
				if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, core.ErrFactoryTimeout) {
					t.Errorf("got %v", err)
				}
			})
			at(start, 100*time.Millisecond)
			synctest.Wait()
			if cancels {
				expectMiss(t, c)
				expectCount(t, "cancelled factories", &f.ctxCancelled, 1)
			} else {
				expectHit(t, c, 1)
			}
		})
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

const forever = 24 * time.Hour

// limits returns options with fail-safe on and these limits on a caller's wait.
func limits(soft, hard time.Duration) core.EntryOptions {
	o := failSafe
	o.SoftTimeout, o.HardTimeout = soft, hard
	return o
}

func withoutFailSafe(o core.EntryOptions) core.EntryOptions {
	o.StaleTTL = 0
	return o
}

func withMaxCycles(o core.EntryOptions, n int) core.EntryOptions {
	o.MaxCycles = n
	return o
}

// onFlights is how the timeout is used: around flights, which outlive the wait.
func onFlights(t *testing.T, r *rig) core.Handler {
	s := resilience.NewStampede(r.clock, nil, resilience.Limits{})
	t.Cleanup(func() { closeNow(s) })
	return core.Chain(resilience.Origin(r.clock, nil), resilience.Timeout(r.clock, r.events), s.Stage)
}

// closeNow ends the flights of s and waits for them, as long as they heed that.
func closeNow(s *resilience.Stampede) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.Close(ctx)
	_ = s.Close(context.Background())
}

// alone is the timeout around nothing but the factory.
func alone(_ *testing.T, r *rig) core.Handler {
	return core.Chain(resilience.Origin(r.clock, nil), resilience.Timeout(r.clock, r.events))
}

var timeoutChains = map[string]func(*testing.T, *rig) core.Handler{"on flights": onFlights, "alone": alone}

func TestTimeout_EndsTheWait(t *testing.T) {
	stale := func(r *rig) *core.Entry { return r.stale(1, time.Hour) }
	none := func(*rig) *core.Entry { return nil }
	for name, test := range map[string]struct {
		options core.EntryOptions
		held    func(*rig) *core.Entry
		after   time.Duration // 0: not at all
		soft    bool
	}{
		"no limit":                    {limits(0, 0), stale, 0, false},
		"limits that never come":      {limits(core.Forever, core.Forever), stale, 0, false},
		"hard":                        {limits(0, 5*time.Second), none, 5 * time.Second, false},
		"hard, stale":                 {limits(0, 5*time.Second), stale, 5 * time.Second, false},
		"soft":                        {limits(time.Second, 0), none, 0, false},
		"soft, stale":                 {limits(time.Second, 0), stale, time.Second, true},
		"soft, dead":                  {limits(time.Second, 0), func(r *rig) *core.Entry { return r.stale(1, 0) }, 0, false},
		"soft, stale, not wanted":     {withoutFailSafe(limits(time.Second, 0)), stale, 0, false},
		"soft and hard":               {limits(time.Second, 5*time.Second), none, 5 * time.Second, false},
		"soft and hard, stale":        {limits(time.Second, 5*time.Second), stale, time.Second, true},
		"soft above hard, stale":      {limits(5*time.Second, time.Second), stale, time.Second, false},
		"soft equal to hard, stale":   {limits(time.Second, time.Second), stale, time.Second, false},
		"soft, out of cycles":         {withMaxCycles(limits(time.Second, 0), 2), func(r *rig) *core.Entry { return inCycle(r.stale(1, time.Hour), 2) }, 0, false},
		"soft and hard, out of cycle": {withMaxCycles(limits(time.Second, 5*time.Second), 2), func(r *rig) *core.Entry { return inCycle(r.stale(1, time.Hour), 2) }, 5 * time.Second, false},
	} {
		for kind, chain := range timeoutChains {
			t.Run(name+", "+kind, func(t *testing.T) {
				bubble(t, func(t *testing.T, r *rig) {
					get := chain(t, r)
					req := r.ask(test.options, slow(time.Minute, 2))
					req.Held = test.held(r)
					check := stopwatch()
					res, err := get(t.Context(), req)
					if test.after == 0 {
						checkValue(t, res, err, 2)
						check(t, time.Minute)
						r.checkKinds(t)
						return
					}
					check(t, test.after)
					checkLimit(t, r, res, err, test.after, test.soft)
				})
			})
		}
	}
}

func checkLimit(t *testing.T, r *rig, res core.Result, err error, after time.Duration, soft bool) {
	t.Helper()
	checkError(t, res, err, core.ErrFactoryTimeout)
	checkError(t, res, err, context.DeadlineExceeded)
	limit, ok := errors.AsType[*core.TimeoutError](err)
	if !ok || *limit != (core.TimeoutError{Key: "k", After: after, Soft: soft}) {
		t.Errorf("got %#v", limit)
	}
	if ev := r.checkKinds(t, core.FactoryTimedOut)[0]; ev.Err != error(limit) {
		t.Errorf("event with %v, want %v", ev.Err, limit)
	}
}

func TestTimeout_StrictMarksOnlyTheHardLimit(t *testing.T) {
	for _, soft := range []time.Duration{0, time.Second} {
		bubble(t, func(t *testing.T, r *rig) {
			get := onFlights(t, r)
			o := limits(soft, 5*time.Second)
			o.StrictHardTimeout = true
			req := r.ask(o, slow(time.Minute, 2))
			req.Held = r.stale(1, time.Hour)
			_, err := get(t.Context(), req)
			if !errors.Is(err, core.ErrFactoryTimeout) || core.MasksStale(err) != (soft > 0) {
				t.Errorf("soft limit %v: got %v, masked by a stale value: %v", soft, err, core.MasksStale(err))
			}
		})
	}
}

func TestTimeout_LeavesAnswersInTimeAlone(t *testing.T) {
	for kind, chain := range timeoutChains {
		t.Run(kind, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				get := chain(t, r)
				res, err := get(t.Context(), r.ask(limits(0, time.Second), slow(999*time.Millisecond, 2)))
				checkValue(t, res, err, 2)
				res, err = get(t.Context(), r.ask(limits(0, time.Second), failing))
				checkError(t, res, err, errBoom)
				r.checkKinds(t)
			})
		})
	}
}

// A factory may fail with a deadline of its own, or with the timeout of another
// cache that it asks. That is its error, not this caller's impatience.
func TestTimeout_LeavesOtherTimeoutsAlone(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		get := onFlights(t, r)
		other := &core.TimeoutError{Key: "other", After: time.Millisecond}
		for _, foreign := range []error{other, context.DeadlineExceeded} {
			res, err := get(t.Context(), r.ask(limits(0, time.Second), func(context.Context, string) (int, error) { return 0, foreign }))
			checkError(t, res, err, foreign)
			if _, ok := errors.AsType[*core.FactoryError](err); !ok {
				t.Errorf("got %v, want the factory's error", err)
			}
		}
		r.checkKinds(t)
	})
}

func TestTimeout_LeavesTheCallersOwnEndAlone(t *testing.T) {
	for kind, chain := range timeoutChains {
		t.Run(kind, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				get := chain(t, r)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				res, err := get(ctx, r.ask(limits(0, 5*time.Second), slow(time.Minute, 2)))
				checkError(t, res, err, context.DeadlineExceeded)
				if errors.Is(err, core.ErrFactoryTimeout) {
					t.Errorf("got %v: the caller's own deadline came first", err)
				}
				r.checkKinds(t)
			})
		})
	}
}

func TestTimeout_DoesNotBoundAPlainRead(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		read := func(ctx context.Context, _ core.Request) (core.Result, error) {
			if _, ok := ctx.Deadline(); ok {
				t.Error("the read has a deadline")
			}
			return core.Result{}, nil
		}
		if _, err := core.Chain(read, resilience.Timeout(r.clock, nil))(context.Background(), r.ask(limits(time.Second, time.Second), nil)); err != nil {
			t.Error(err)
		}
	})
}

func TestTimeout_OfOneWaiterDoesNotDisturbAnother(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		get := onFlights(t, r)
		done := make(chan error)
		go func() {
			res, err := get(t.Context(), r.ask(limits(0, 5*time.Second), slow(3*time.Second, 2)))
			checkValue(t, res, err, 2)
			done <- err
		}()
		pass(time.Second)
		check := stopwatch()
		res, err := get(t.Context(), r.ask(limits(0, time.Second), failing))
		checkError(t, res, err, core.ErrFactoryTimeout)
		check(t, time.Second)
		<-done
	})
}

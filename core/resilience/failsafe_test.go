// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

var failSafe = core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, Throttle: 10 * time.Second}

func TestFailSafe_AnswersAFailureWithTheStaleEntry(t *testing.T) {
	for name, f := range map[string]func(context.Context, string) (int, error){
		"error": failing,
		"panic": func(context.Context, string) (int, error) { panic("x") },
		"its own deadline": func(context.Context, string) (int, error) {
			return 0, context.DeadlineExceeded
		},
		"cancelled by somebody else": func(context.Context, string) (int, error) {
			return 0, context.Canceled
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				req := r.ask(failSafe, f)
				req.Held = r.stale(1, time.Hour)
				s := &shelf{held: req.Held}
				get := core.Chain(resilience.Origin(r.clock, nil), resilience.FailSafe(r.clock, s, r.events))
				pass(time.Minute)
				res, err := get(t.Context(), req)
				checkValue(t, res, err, 1)
				if !res.Stale || res.Level != core.LevelMemory {
					t.Errorf("got %v, want it flagged as a stale answer", res)
				}
				if want := r.clock.Now().Add(10 * time.Second); s.until != want {
					t.Errorf("window ends at %v, want %v", s.until, want)
				}
				if s.held.DeadAt() != req.Held.DeadAt() {
					t.Error("the entry lives longer for being served")
				}
				if ev := r.checkKinds(t, core.FailSafeActivated)[0]; ev.Err == nil {
					t.Error("the event does not say why")
				}
			})
		})
	}
}

func TestFailSafe_OneFailureOpensTheWindowForAll(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		req := r.ask(failSafe, failing)
		req.Held = r.stale(1, time.Hour)
		s := &shelf{held: req.Held}
		get := core.Chain(resilience.Origin(r.clock, nil), resilience.FailSafe(r.clock, s, r.events))
		for range 10 {
			res, err := get(t.Context(), req) // each began before the window was opened
			checkValue(t, res, err, 1)
		}
		r.checkKinds(t, core.FailSafeActivated)
		if n := s.held.Meta().Cycles; n != 1 {
			t.Errorf("%d windows, want 1", n)
		}
	})
}

func TestFailSafe_DoesNothingWhereItMayNot(t *testing.T) {
	off := failSafe
	off.StaleTTL = 0
	three := failSafe
	three.MaxCycles = 3
	for name, test := range map[string]struct {
		options core.EntryOptions
		held    func(*rig) *core.Entry
	}{
		"switched off":    {off, func(r *rig) *core.Entry { return r.stale(1, time.Hour) }},
		"nothing held":    {failSafe, func(*rig) *core.Entry { return nil }},
		"dead":            {failSafe, func(r *rig) *core.Entry { return r.stale(1, 0) }},
		"dies meanwhile":  {failSafe, func(r *rig) *core.Entry { return r.stale(1, time.Second) }},
		"too many cycles": {three, func(r *rig) *core.Entry { return inCycle(r.stale(1, time.Hour), 3) }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				req := r.ask(test.options, func(context.Context, string) (int, error) {
					pass(time.Second)
					return 0, errBoom
				})
				req.Held = test.held(r)
				get := core.Chain(resilience.Origin(r.clock, nil), resilience.FailSafe(r.clock, &shelf{held: req.Held}, r.events))
				res, err := get(t.Context(), req)
				checkError(t, res, err, errBoom)
				r.checkKinds(t)
			})
		})
	}
}

func inCycle(e *core.Entry, n uint32) *core.Entry {
	m := e.Meta()
	m.Cycles = n
	return e.With(m)
}

func TestFailSafe_ServesTheLastCycle(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		three := failSafe
		three.MaxCycles = 3
		req := r.ask(three, failing)
		req.Held = inCycle(r.stale(1, time.Hour), 2)
		get := core.Chain(resilience.Origin(r.clock, nil), resilience.FailSafe(r.clock, nil, nil))
		res, err := get(t.Context(), req)
		checkValue(t, res, err, 1)
	})
}

func TestFailSafe_ReturnsWhatIsMarkedNoFailSafe(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		for _, marked := range []error{
			core.NoFailSafe(errBoom),
			fmt.Errorf("load: %w", core.NoFailSafe(errBoom)),
		} {
			req := r.ask(failSafe, func(context.Context, string) (int, error) { return 0, marked })
			req.Held = r.stale(1, time.Hour)
			get := core.Chain(resilience.Origin(r.clock, nil), resilience.FailSafe(r.clock, &shelf{held: req.Held}, r.events))
			res, err := get(t.Context(), req)
			checkError(t, res, err, errBoom)
			r.checkKinds(t)
		}
	})
}

func TestFailSafe_DoesNotAnswerACallerThatHasLeft(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req := r.ask(failSafe, slow(time.Minute, 2))
		req.Held = r.stale(1, time.Hour)
		get := core.Chain(resilience.Origin(r.clock, nil), resilience.FailSafe(r.clock, &shelf{held: req.Held}, r.events))
		res, err := get(ctx, req)
		checkError(t, res, err, context.DeadlineExceeded)
		r.checkKinds(t)
	})
}

func TestFailSafe_LeavesSuccessAlone(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		req := r.ask(failSafe, slow(time.Second, 2))
		req.Held = r.stale(1, time.Hour)
		s := &shelf{held: req.Held}
		get := core.Chain(resilience.Origin(r.clock, nil), resilience.FailSafe(r.clock, s, r.events))
		res, err := get(t.Context(), req)
		checkValue(t, res, err, 2)
		if res.Stale || s.held != req.Held {
			t.Errorf("got %v; window opened: %v", res, s.held != req.Held)
		}
		r.checkKinds(t)
	})
}

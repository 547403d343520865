// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

// schedule is a Refreshed that says what it is told to.
type schedule struct {
	serve, start bool
	next         core.Instant
}

func (s *schedule) Ahead(_ string, _ *core.Entry, _ *core.EntryOptions, next core.Instant) (serve, start bool) {
	s.next = next
	return s.serve, s.start
}

// eagerly returns a chain of an Eager around something that counts its calls.
func (r *rig) eagerly(t *testing.T, s *schedule, limit int) (get core.Handler, asked *int) {
	loads := resilience.NewStampede(r.clock, r.events, resilience.Limits{})
	t.Cleanup(func() { _ = loads.Close(context.Background()) })
	e := resilience.NewEager(loads, s, r.clock, r.events, limit)
	e.Through(resilience.Origin(r.clock, nil))
	asked = new(int)
	return e.Stage(func(context.Context, core.Request) (core.Result, error) {
		*asked++
		return core.Result{}, errBoom
	}), asked
}

func TestEager_ServesWhatIsHeldAndRefreshesItBehind(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		s := &schedule{serve: true, start: true}
		get, asked := r.eagerly(t, s, 1)
		req := r.ask(core.EntryOptions{Throttle: 7 * time.Second}, slow(time.Second, 2))
		req.Held = core.Live(1, core.Meta{Stale: core.Never, Dead: core.Never})
		lap := stopwatch()
		res, err := get(t.Context(), req)
		checkValue(t, res, err, 1)
		lap(t, 0)
		if res.Stale || *asked != 0 || s.next != r.clock.Now().Add(7*time.Second) {
			t.Errorf("stale %v, asked further %d times, next refresh at %v", res.Stale, *asked, s.next)
		}
		r.checkKinds(t, core.RefreshStarted)
		pass(2 * time.Second)
		r.checkKinds(t, core.BackgroundSucceeded)
	})
}

func TestEager_StaysOutOfTheWay(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		for name, c := range map[string]struct {
			s   schedule
			req func(*core.Request)
		}{
			"nothing is held":       {schedule{serve: true, start: true}, func(*core.Request) {}},
			"a plain read":          {schedule{serve: true, start: true}, func(q *core.Request) { q.Held, q.Factory = r.stale(1, time.Hour), nil }},
			"the entry is not good": {schedule{}, func(q *core.Request) { q.Held = r.stale(1, time.Hour) }},
		} {
			get, asked := r.eagerly(t, &c.s, 1)
			req := r.ask(core.EntryOptions{}, slow(0, 2))
			c.req(&req)
			if _, err := get(t.Context(), req); !errors.Is(err, errBoom) || *asked != 1 {
				t.Errorf("%s: got %v, asked further %d times", name, err, *asked)
			}
			r.checkKinds(t)
		}
	})
}

func TestEager_StartsNoMoreThanAllowed(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		get, _ := r.eagerly(t, &schedule{serve: true, start: true}, 2)
		for i := range 5 {
			req := r.ask(core.EntryOptions{}, slow(time.Second, 2))
			req.Key, req.Held = fmt.Sprint(i), r.stale(1, time.Hour)
			res, err := get(t.Context(), req)
			checkValue(t, res, err, 1)
			if !res.Stale {
				t.Error("a stale entry is not said to be")
			}
		}
		synctest.Wait()
		started := 0
		for _, ev := range r.took() {
			if ev.Kind == core.RefreshStarted {
				started++
			}
		}
		if started != 2 {
			t.Errorf("%d refreshes, want 2", started)
		}
	})
}

func TestEager_RefreshesWhatTheServerHadOnlyStale(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		loads := resilience.NewStampede(r.clock, r.events, resilience.Limits{})
		e := resilience.NewEager(loads, &schedule{serve: true, start: true}, r.clock, r.events, 1)
		e.Through(resilience.Origin(r.clock, nil))
		found := r.stale(1, time.Hour)
		get := e.Stage(func(context.Context, core.Request) (core.Result, error) {
			return core.Result{Entry: found, Level: core.LevelDistributed, Stale: true}, nil
		})
		res, err := get(t.Context(), r.ask(core.EntryOptions{}, slow(0, 2)))
		checkValue(t, res, err, 1)
		synctest.Wait()
		r.checkKinds(t, core.RefreshStarted, core.BackgroundSucceeded)
		if err := loads.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

func TestStampede_MakesOneLoadOfMany(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		s := resilience.NewStampede(r.clock, r.events, resilience.Limits{})
		get := core.Chain(resilience.Origin(r.clock, nil), s.Stage)
		var calls atomic.Int64
		f := func(ctx context.Context, key string) (int, error) {
			calls.Add(1)
			return slow(time.Second, 2)(ctx, key)
		}
		check := stopwatch()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				res, err := get(t.Context(), r.ask(core.EntryOptions{}, f))
				checkValue(t, res, err, 2)
				check(t, time.Second)
			})
		}
		synctest.Wait()
		if n := s.Len(); n != 1 {
			t.Errorf("%d flights, want 1", n)
		}
		all.Wait()
		if n := calls.Load(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
		r.checkKinds(t)
	})
}

func TestStampede_TellsOfFlightsThatEndWithoutCallers(t *testing.T) {
	for _, want := range []error{nil, errBoom} {
		bubble(t, func(t *testing.T, r *rig) {
			s := resilience.NewStampede(r.clock, r.events, resilience.Limits{})
			get := core.Chain(resilience.Origin(r.clock, nil), s.Stage)
			f := func(context.Context, string) (int, error) {
				time.Sleep(3 * time.Second)
				return 2, want
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := get(ctx, r.ask(core.EntryOptions{}, f))
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			time.Sleep(time.Minute)
			kind := core.BackgroundSucceeded
			if want != nil {
				kind = core.BackgroundFailed
			}
			if ev := r.checkKinds(t, kind)[0]; !errors.Is(ev.Err, want) || ev.Took != 3*time.Second || ev.Level != core.LevelFactory {
				t.Errorf("event %v", ev)
			}
		})
	}
}

func TestStampede_RevokeTakesTheRightToStore(t *testing.T) {
	for name, revoke := range map[string]func(*resilience.Stampede){
		"key": func(s *resilience.Stampede) { s.Revoke("k") },
		"all": (*resilience.Stampede).RevokeAll,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				s := resilience.NewStampede(r.clock, nil, resilience.Limits{})
				end := func(_ context.Context, req core.Request) (core.Result, error) {
					revoke(s)
					if req.Token.Valid() {
						t.Error("the token is still valid")
					}
					return core.Result{}, nil
				}
				if _, err := s.Stage(end)(t.Context(), r.ask(core.EntryOptions{}, nil)); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestStampede_KeepsWithinItsLimits(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		s := resilience.NewStampede(r.clock, nil, resilience.Limits{Running: 2, Abandoned: 1})
		get := core.Chain(resilience.Origin(r.clock, nil), s.Stage)
		hung := func(context.Context, string) (int, error) { time.Sleep(time.Minute); return 0, nil }
		ask := func(ctx context.Context, key string, f func(context.Context, string) (int, error)) error {
			req := r.ask(core.EntryOptions{CancelOnTimeout: true}, f)
			req.Key = key
			_, err := get(ctx, req)
			return err
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var both sync.WaitGroup
		for _, key := range []string{"a", "b"} {
			both.Go(func() {
				if err := ask(short, key, hung); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			})
		}
		synctest.Wait()
		if err := ask(t.Context(), "c", slow(0, 1)); !errors.Is(err, core.ErrOverload) {
			t.Errorf("third at a time: got %v", err)
		}
		both.Wait()
		if err := ask(t.Context(), "c", slow(0, 1)); !errors.Is(err, core.ErrOverload) {
			t.Errorf("with abandoned ones: got %v", err)
		}
		time.Sleep(time.Minute)
		if err := ask(t.Context(), "c", slow(0, 1)); err != nil {
			t.Errorf("after they have ended: got %v", err)
		}
	})
}

func TestStampede_ClosedRefuses(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		s := resilience.NewStampede(r.clock, nil, resilience.Limits{})
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		res, err := core.Chain(resilience.Origin(r.clock, nil), s.Stage)(t.Context(), r.ask(core.EntryOptions{}, slow(0, 1)))
		checkError(t, res, err, core.ErrClosed)
	})
}

func TestStampede_DeafFactoryDoesNotHoldItsKey(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		stampede := resilience.NewStampede(r.clock, nil, resilience.Limits{})
		get := core.Chain(resilience.Origin(r.clock, nil), stampede.Stage, resilience.Deadline())
		o := core.EntryOptions{LoadTimeout: time.Second}
		deaf := func(context.Context, string) (int, error) { time.Sleep(time.Minute); return 1, nil }
		go func() { _, _ = get(t.Context(), r.ask(o, deaf)) }()
		time.Sleep(1999 * time.Millisecond)
		if stampede.Len() != 1 {
			t.Error("the flight was given up too early")
		}
		time.Sleep(time.Millisecond)
		check := stopwatch()
		res, err := get(t.Context(), r.ask(o, slow(0, 2)))
		checkValue(t, res, err, 2)
		check(t, 0)
		if err := stampede.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

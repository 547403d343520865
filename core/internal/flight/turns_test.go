// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// queued starts a caller and waits until nothing moves.
func queued(ctx context.Context, g *Group, r core.Request, next core.Handler) func() answer {
	wait := call(ctx, g, r, next)
	synctest.Wait()
	return wait
}

// ofBothKinds runs test once for each kind of callers.
func ofBothKinds(t *testing.T, limits Limits, test func(*testing.T, *Group, context.Context)) {
	t.Helper()
	for kind := range callers(t) {
		t.Run(kind, func(t *testing.T) {
			bubble(t, limits, func(t *testing.T, g *Group) { test(t, g, callers(t)[kind]) })
		})
	}
}

func waiting(g *Group) int {
	g.turns.mu.Lock()
	defer g.turns.mu.Unlock()
	return g.turns.waiting.Len()
}

func budget(key string, d time.Duration) core.Request {
	return core.Request{Key: key, Options: &core.EntryOptions{LoadTimeout: d}}
}

func TestTurns_FirstComeFirstServed(t *testing.T) {
	ofBothKinds(t, Limits{Running: 2, Waiting: 10}, func(t *testing.T, g *Group, ctx context.Context) {
		var all []func() answer
		for i := range 7 {
			all = append(all, queued(ctx, g, request(strconv.Itoa(i)), after(time.Second, nil)))
		}
		for i, wait := range all {
			wait().check(t, nil, time.Duration(1+i/2)*time.Second) // two at a time
		}
	})
}

func TestTurns_NobodyOvertakes(t *testing.T) {
	bubble(t, Limits{Running: 1, Waiting: 1}, func(t *testing.T, g *Group) {
		a := queued(t.Context(), g, request("a"), after(time.Second, nil))
		b := queued(t.Context(), g, request("b"), after(time.Second, nil))
		time.Sleep(time.Second)
		synctest.Wait() // until a has ended
		c := call(t.Context(), g, request("c"), after(time.Second, nil))
		a().check(t, nil, time.Second)
		b().check(t, nil, 2*time.Second)
		c().check(t, nil, 2*time.Second)
	})
}

func TestTurns_NoMoreWaitThanMay(t *testing.T) {
	bubble(t, Limits{Running: 1, Waiting: 2}, func(t *testing.T, g *Group) {
		a := queued(t.Context(), g, request("a"), after(time.Second, nil))
		b := queued(t.Context(), g, request("b"), after(time.Second, nil))
		c := queued(t.Context(), g, request("c"), after(time.Second, nil))
		call(t.Context(), g, request("d"), after(0, nil))().check(t, core.ErrOverload, 0)
		joins := queued(t.Context(), g, request("c"), after(0, errBoom))
		a().check(t, nil, time.Second)
		d := queued(t.Context(), g, request("d"), after(time.Second, nil)) // in the place of b
		b().check(t, nil, 2*time.Second)
		c().check(t, nil, 3*time.Second)
		joins().check(t, nil, 3*time.Second)
		d().check(t, nil, 3*time.Second)
	})
}

func TestTurns_WhoIsNotToWaitIsRefused(t *testing.T) {
	limits := Limits{Running: 1, Waiting: 1, Waits: func(r core.Request) bool { return r.Held == nil }}
	bubble(t, limits, func(t *testing.T, g *Group) {
		a := queued(t.Context(), g, request("a"), after(time.Second, nil))
		stale := request("b")
		stale.Held = value.Entry
		call(t.Context(), g, stale, after(0, nil))().check(t, core.ErrOverload, 0)
		if g.Launch(t.Context(), request("b"), after(0, nil)) {
			t.Error("launched")
		}
		a().check(t, nil, time.Second)
	})
}

func TestTurns_CallersLeaveAsTheyWouldAFlight(t *testing.T) {
	for _, cancels := range []bool{false, true} {
		bubble(t, Limits{Running: 1, Waiting: 1}, func(t *testing.T, g *Group) {
			a := queued(t.Context(), g, request("a"), after(10*time.Second, nil))
			r := request("b")
			if cancels {
				r = cancelling("b")
			}
			called := false
			call(within(t, time.Second, errBoom), g, r, func(context.Context, core.Request) (core.Result, error) {
				called = true
				return value, nil
			})().check(t, errBoom, time.Second)
			synctest.Wait()
			if waits := waiting(g); (waits == 0) != cancels {
				t.Errorf("cancels %v: %d wait", cancels, waits)
			}
			a().check(t, nil, 10*time.Second)
			synctest.Wait()
			if called == cancels {
				t.Errorf("cancels %v: called %v", cancels, called)
			}
		})
	}
}

func TestTurns_TheWaitHasTheBudgetOfTheFactory(t *testing.T) {
	ofBothKinds(t, Limits{Running: 1, Waiting: 3}, func(t *testing.T, g *Group, ctx context.Context) {
		a := queued(ctx, g, request("a"), after(time.Hour, nil))
		b := queued(ctx, g, budget("b", time.Second), after(0, nil))
		c := queued(ctx, g, request("c"), after(0, nil))
		d := queued(ctx, g, budget("d", core.Forever), after(0, nil))
		b().check(t, core.ErrOverload, time.Second)
		c().check(t, core.ErrOverload, core.DefaultLoadTimeout)
		a().check(t, nil, time.Hour)
		d().check(t, nil, time.Hour)
	})
}

func TestTurns_TheTimeOfAFlightBeginsWithItsTurn(t *testing.T) {
	bubble(t, Limits{Running: 1, Waiting: 1}, func(t *testing.T, g *Group) {
		a := queued(t.Context(), g, request("a"), after(9*time.Second, nil))
		b := queued(t.Context(), g, budget("b", 10*time.Second), deaf(19*time.Second))
		time.Sleep(27 * time.Second) // 18 s after the turn of b
		joins := queued(t.Context(), g, budget("b", 10*time.Second), after(0, errBoom))
		a().check(t, nil, 9*time.Second)
		b().check(t, nil, 28*time.Second)
		joins().check(t, nil, time.Second)
	})
}

func TestTurns_CloseEndsTheWait(t *testing.T) {
	ofBothKinds(t, Limits{Running: 1, Waiting: 2}, func(t *testing.T, g *Group, ctx context.Context) {
		a := queued(ctx, g, request("a"), after(10*time.Second, nil))
		b := queued(ctx, g, request("b"), after(0, nil))
		c := queued(ctx, g, request("c"), after(0, nil))
		time.Sleep(time.Second)
		if err := g.Close(t.Context()); err != nil {
			t.Error(err)
		}
		a().check(t, nil, 10*time.Second)
		b().check(t, core.ErrClosed, time.Second)
		c().check(t, core.ErrClosed, time.Second)
	})
}

// A factory that waited for a turn while it has one itself could wait for ever.
func TestTurns_WhatAFlightAsksForDoesNotWait(t *testing.T) {
	ofBothKinds(t, Limits{Running: 1, Waiting: 2}, func(t *testing.T, g *Group, ctx context.Context) {
		a := queued(ctx, g, request("a"), asking(g, time.Second, "b", after(0, nil)))
		a().check(t, core.ErrOverload, time.Second)

		a = queued(ctx, g, request("a"), asking(g, time.Second, "b", after(0, nil)))
		b := queued(ctx, g, request("b"), after(time.Second, nil)) // and that waits for a
		a().check(t, core.ErrOverload, time.Second)
		b().check(t, nil, 2*time.Second)
	})
}

func TestTurns_ARevokedFlightKeepsItsPlace(t *testing.T) {
	bubble(t, Limits{Running: 1, Waiting: 2}, func(t *testing.T, g *Group) {
		a := queued(t.Context(), g, request("a"), after(time.Second, nil))
		old := queued(t.Context(), g, request("b"), after(time.Second, nil))
		g.Revoke("b")
		fresh := queued(t.Context(), g, request("b"), after(time.Second, errBoom))
		a().check(t, nil, time.Second)
		old().check(t, nil, 2*time.Second)
		fresh().check(t, errBoom, 3*time.Second)
	})
}

func TestTurns_WhatWasReadBeforeTheWaitIsOld(t *testing.T) {
	for _, test := range []struct {
		skip core.Skip
		want bool
	}{{0, true}, {core.SkipDistributedRead, false}, {core.SkipDistributedReadWhenStale, false}, {core.SkipMemory, true}} {
		bubble(t, Limits{Running: 1, Waiting: 1}, func(t *testing.T, g *Group) {
			var unread []bool
			note := func(ctx context.Context, r core.Request) (core.Result, error) {
				unread = append(unread, r.Unread)
				return after(time.Second, nil)(ctx, r)
			}
			r := request("b")
			r.Options.Skip = test.skip
			a := queued(t.Context(), g, request("a"), note)
			queued(t.Context(), g, r, note)().check(t, nil, 2*time.Second)
			a()
			if unread[0] || unread[1] != test.want {
				t.Errorf("skip %v: unread %v, want %v for the second", test.skip, unread, test.want)
			}
		})
	}
}

// member is a factory that shares a company.
type member struct{ company *Company }

func (member) Load(context.Context, core.Request) (*core.Entry, error) { return value.Entry, nil }
func (m member) Company() *Company                                     { return m.company }
func (member) Spare()                                                  {}
func (member) Leave()                                                  {}

func (m member) ask(key string) core.Request {
	r := request(key)
	r.Factory = m
	return r
}

func TestTurns_ACompanyHasOne(t *testing.T) {
	bubble(t, Limits{Running: 1, Waiting: 1}, func(t *testing.T, g *Group) {
		a := queued(t.Context(), g, request("a"), after(time.Second, nil))
		m := member{new(Company)}
		b := queued(t.Context(), g, m.ask("b"), after(time.Second, nil))
		c := queued(t.Context(), g, m.ask("c"), after(3*time.Second, nil))
		left := m.ask("d")
		left.Options.CancelOnTimeout = true
		call(within(t, time.Second/2, errBoom), g, left, after(0, nil))().check(t, errBoom, time.Second/2)
		if g.Launch(t.Context(), m.ask("e"), after(0, nil)) {
			t.Error("launched, though its company waits")
		}
		call(t.Context(), g, request("f"), after(0, nil))().check(t, core.ErrOverload, 0)
		a().check(t, nil, time.Second)
		f := queued(t.Context(), g, request("f"), after(0, nil))
		b().check(t, nil, 2*time.Second)
		c().check(t, nil, 4*time.Second)
		f().check(t, nil, 3*time.Second) // not before the last of the company
	})
}

func TestTurns_ACompanyThatGivesUpLeavesNoTurn(t *testing.T) {
	bubble(t, Limits{Running: 1, Waiting: 1}, func(t *testing.T, g *Group) {
		a := queued(t.Context(), g, request("a"), after(time.Hour, nil))
		m := member{new(Company)}
		b := queued(t.Context(), g, m.ask("b"), after(0, nil))
		c := queued(t.Context(), g, m.ask("c"), after(0, nil))
		b().check(t, core.ErrOverload, core.DefaultLoadTimeout)
		c().check(t, core.ErrOverload, core.DefaultLoadTimeout)
		again := queued(within(t, time.Second, errBoom), g, m.ask("b"), after(0, nil))
		again().check(t, errBoom, time.Second)
		a().check(t, nil, time.Hour)
	})
}

func TestTurns_CloseRefusesACompany(t *testing.T) {
	bubble(t, Limits{Running: 1, Waiting: 1}, func(t *testing.T, g *Group) {
		a := queued(t.Context(), g, request("a"), after(time.Second, nil))
		m := member{new(Company)}
		b := queued(t.Context(), g, m.ask("b"), after(0, nil))
		c := queued(t.Context(), g, m.ask("c"), after(0, nil))
		if err := g.Close(t.Context()); err != nil {
			t.Error(err)
		}
		a().check(t, nil, time.Second)
		for _, wait := range []func() answer{b, c} {
			if got := wait(); !errors.Is(got.err, core.ErrClosed) || got.took != 0 {
				t.Errorf("got %v after %v", got.err, got.took)
			}
		}
	})
}

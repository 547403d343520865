// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/flight"
)

// Stampede makes one load out of any number of simultaneous requests for a key.
// The load is a flight of its own: it has the first caller's context values but
// nobody's cancellation, a caller that gives up does not disturb the others, and
// all get the same result or the same error. A factory that panics or calls
// runtime.Goexit gives all of them a *core.PanicError.
//
// The first caller's options and factory are used; the factories given for one
// key must be interchangeable. Each caller's own patience still holds.
//
// A flight that takes more than twice its factory's budget, which is
// EntryOptions.LoadTimeout, is given up: the next caller starts another, and
// only that may store.
//
// A caller whose context can never end, such as context.Background, runs the
// load on its own goroutine: cheaper, and it cannot give up anyway.
//
// Safe for concurrent use. Close it when nothing uses it any more.
type Stampede struct {
	group     *flight.Group
	clock     core.Clock
	events    *core.Events
	succeeded func(key string) // nil for none
}

// Limits bound what a [Stampede] runs at a time.
type Limits struct {
	// Running is the number of flights; more wait, or give core.ErrOverload. Zero: no
	// bound.
	Running int

	// Waiting is the number of flights that wait for one of those to end, first come
	// first served, each for its EntryOptions.LoadTimeout; a request that fail-safe has
	// an answer for, or that is part of another flight, does not. Zero: none.
	Waiting int

	// Abandoned is the number of cancelled flights whose factory has not returned;
	// while there are so many, new ones give core.ErrOverload. Zero: no bound.
	Abandoned int
}

// NewStampede returns a Stampede. events may be nil; it gets
// core.BackgroundSucceeded and core.BackgroundFailed for flights that end with
// no caller left.
func NewStampede(clock core.Clock, events *core.Events, limits Limits) *Stampede {
	s := &Stampede{clock: clock, events: events}
	s.group = flight.NewGroup(clock, flight.Limits{
		Running: limits.Running, Waiting: limits.Waiting, Orphaned: limits.Abandoned, Waits: s.waits,
	}, s.ended)
	return s
}

// waits reports whether r waits for its turn: it has nothing stale to go on with.
func (s *Stampede) waits(r core.Request) bool {
	_, rescued := rescue(r, s.clock.Now())
	return !rescued
}

// OnSuccess has fn called with the key of each flight that succeeds with no caller
// left. It belongs to set-up.
func (s *Stampede) OnSuccess(fn func(key string)) { s.succeeded = fn }

// Stage is the [core.Stage]. The request that it hands on has a token.
func (s *Stampede) Stage(next core.Handler) core.Handler {
	return func(ctx context.Context, r core.Request) (core.Result, error) {
		return s.group.Do(ctx, r, next)
	}
}

// Together is Stage for many requests, of different keys, at once: prepare does
// what those have in common that begin a flight, then the handler that it returns
// answers each. patience bounds the wait for one request; zero: no bound. The
// answers are in the order of the requests.
func (s *Stampede) Together(
	ctx context.Context, rs []core.Request, patience func(core.Request) time.Duration,
	prepare func(ctx context.Context, rs []core.Request) (answer func(i int) (core.Result, error)),
) []core.Answer {
	hurried := slices.ContainsFunc(rs, func(r core.Request) bool {
		_, hurried := limited(patience(r))
		return hurried
	})
	fleet := s.group.Together(ctx, rs, !hurried, prepare)
	began := s.clock.Now()
	out := make([]core.Answer, len(rs))
	for i, r := range rs {
		out[i].Result, out[i].Err = s.await(ctx, fleet, i, patience(r), began)
	}
	return out
}

// await waits for one request of a fleet, for no longer than limit since it began.
func (s *Stampede) await(ctx context.Context, fleet *flight.Fleet, i int, limit time.Duration, began core.Instant) (core.Result, error) {
	if _, hurried := limited(limit); !hurried {
		return fleet.Wait(ctx, i)
	}
	within, cancel := context.WithTimeout(ctx, limit-s.clock.Now().Sub(began))
	defer cancel()
	return fleet.Wait(within, i)
}

// Launch starts a flight for r.Key, with next as its handler, that nobody waits for,
// unless there is one already or the limits forbid it. It reports whether it did.
func (s *Stampede) Launch(ctx context.Context, r core.Request, next core.Handler) bool {
	return s.group.Launch(ctx, r, next)
}

// Revoke takes the right to store from the flight of key, as every write,
// removal or message for key must do under the lock under which results are
// stored. Callers that come later start a new flight.
func (s *Stampede) Revoke(key string) { s.group.Revoke(key) }

// RevokeAll is Revoke for all keys.
func (s *Stampede) RevokeAll() { s.group.RevokeAll() }

// Depart has nobody join the flights that are under way. Such a flight keeps the right
// to store until somebody comes who would have joined it: that one begins another.
func (s *Stampede) Depart() { s.group.Depart() }

// Len returns the number of flights that can be joined now.
func (s *Stampede) Len() int { return s.group.Len() }

// Peek returns when the flight of key that can be joined was begun, and how many
// callers wait for it.
func (s *Stampede) Peek(key string) (began core.Instant, waiters int, ok bool) {
	return s.group.Peek(key)
}

// Queued reports whether the flight of key that can be joined waits for its turn,
// since as many run as may. See [Limits].
func (s *Stampede) Queued(key string) bool { return s.group.Queued(key) }

// Close refuses new flights, and those that wait for their turn, with core.ErrClosed,
// cancels those without a caller and waits for all. When ctx ends first it cancels the
// rest and returns why.
func (s *Stampede) Close(ctx context.Context) error { return s.group.Close(ctx) }

func (s *Stampede) ended(c *flight.Call) {
	kind := core.BackgroundSucceeded
	_, err := c.Outcome()
	switch {
	case core.Declined(err):
		return
	case err != nil:
		kind = core.BackgroundFailed
	case s.succeeded != nil:
		s.succeeded(c.Request().Key)
	}
	report(s.events, core.Event{Kind: kind, Key: c.Request().Key, Level: core.LevelFactory, Err: err, Took: s.clock.Now().Sub(c.Began())})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/flight"
)

// Refreshed tells when entries are to be refreshed.
type Refreshed interface {
	// Ahead reports whether held, which was not an answer so far, is to be served
	// while it is refreshed, and whether it is for the caller to start that. It says
	// so to one caller, and the next refresh is not due before next.
	Ahead(key string, held *core.Entry, o *core.EntryOptions, next core.Instant) (serve, start bool)
}

// Eager refreshes entries in the background, before their life ends
// (EntryOptions.EagerRefresh and EagerChance) or soon after
// (EntryOptions.StaleWhileRevalidate); callers get the entry that is there. A
// refresh is a flight of the key: there is never more than one, and who comes when
// the entry has ended joins it. One that fails is tried again after
// EntryOptions.Throttle, for as long as the entry is served.
//
// Safe for concurrent use. The flights belong to the [Stampede].
type Eager struct {
	loads   *Stampede
	entries Refreshed
	clock   core.Clock
	events  *core.Events
	limit   int64
	running atomic.Int64
	refresh core.Handler
}

// NewEager returns an Eager that starts flights of loads, at most limit at a time.
// events may be nil; it gets core.RefreshStarted.
func NewEager(loads *Stampede, entries Refreshed, clock core.Clock, events *core.Events, limit int) *Eager {
	return &Eager{loads: loads, entries: entries, clock: clock, events: events, limit: int64(limit)}
}

// Through sets what a refresh goes through, inside of its flight. It belongs to
// set-up.
func (e *Eager) Through(refresh core.Handler) { e.refresh = refresh }

// Stage is the [core.Stage]. It belongs inside of what looks into memory, whose
// entry it answers with, and outside of what would ask a server.
func (e *Eager) Stage(next core.Handler) core.Handler {
	return func(ctx context.Context, r core.Request) (core.Result, error) {
		if r.Factory == nil {
			return next(ctx, r)
		}
		if r.Held != nil && e.serves(ctx, r, r.Held) {
			stale := r.Held.State(e.clock.Now()) != core.Fresh
			return core.Result{Entry: r.Held, Level: core.LevelMemory, Stale: stale}, nil
		}
		res, err := next(ctx, r)
		if err == nil && res.Stale && res.Level == core.LevelDistributed {
			e.serves(ctx, r, res.Entry) // found there, and to be refreshed
		}
		return res, err
	}
}

func (e *Eager) serves(ctx context.Context, r core.Request, held *core.Entry) bool {
	serve, start := e.entries.Ahead(r.Key, held, r.Options, e.clock.Now().Add(r.Options.Throttle))
	if start {
		r.Held = held
		e.start(ctx, r)
	}
	return serve
}

func (e *Eager) start(ctx context.Context, r core.Request) {
	if e.running.Add(1) > e.limit {
		e.running.Add(-1)
		return
	}
	o := *r.Options
	o.Skip |= core.SkipMemoryRead // what memory has is not news
	o.CancelOnTimeout = false     // nobody waits
	r.Options, r.Seen, r.Answer = &o, nil, nil
	if together, ok := r.Factory.(flight.Companion); ok {
		together.Leave()
	}
	started := e.loads.Launch(ctx, r, func(ctx context.Context, r core.Request) (core.Result, error) {
		defer e.running.Add(-1)
		report(e.events, core.Event{Kind: core.RefreshStarted, Key: r.Key}) // here, so that it comes before the end
		return e.refresh(ctx, r)
	})
	if !started {
		e.running.Add(-1)
	}
}

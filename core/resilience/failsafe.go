// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// Throttler remembers that the refresh of a key has failed. Throttle gives the
// stale entry a throttle window that ends at until, unless the key has been
// written, removed or evicted, or its window opened, since held was read. It
// reports whether it did.
type Throttler interface {
	Throttle(key string, held *core.Entry, until core.Instant) bool
}

// FailSafe returns the stage that answers an error with the stale entry in
// Request.Held, if there is one and EntryOptions.StaleTTL is set. The first
// failure opens a throttle window of EntryOptions.Throttle in t, during which
// readers of t serve the entry without coming here; EntryOptions.MaxCycles
// bounds the windows in a row. The entry never lives longer for it.
//
// It masks every failure but two: the end of the caller's own context, and an
// error marked with core.NoFailSafe. It belongs outside of [Timeout], so that
// impatience is rescued like any other failure. events may be nil, and t too:
// then there is no window.
func FailSafe(clock core.Clock, t Throttler, events *core.Events) core.Stage {
	return func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			res, err := next(ctx, r)
			if err == nil || ctx.Err() != nil || !core.MasksStale(err) {
				return res, err
			}
			now := clock.Now()
			if !servable(r, now) {
				return res, err
			}
			if t != nil && t.Throttle(r.Key, r.Held, now.Add(r.Options.Throttle)) {
				report(events, core.Event{Kind: core.FailSafeActivated, Key: r.Key, Err: err})
			}
			return core.Result{Entry: r.Held, Level: core.LevelMemory, Stale: true}, nil
		}
	}
}

// servable reports whether the held entry may be served for a failure at now.
func servable(r core.Request, now core.Instant) bool {
	if r.Held == nil || !r.Options.FailSafe() || r.Held.State(now) == core.Dead {
		return false
	}
	return r.Options.MaxCycles == 0 || int(r.Held.Meta().Cycles) < r.Options.MaxCycles
}

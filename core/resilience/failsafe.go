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
// Request.Held, if there is one and EntryOptions.StaleTTL or StaleIfError allows it.
// The first failure opens a throttle window of EntryOptions.Throttle in t, during
// which readers of t serve the entry without coming here; EntryOptions.MaxCycles
// bounds the windows in a row. The entry never lives longer for it. Where there is
// no such entry, EntryOptions.FailSafeDefault is the answer, if it is set.
//
// It masks every failure but three: the end of the caller's own context,
// core.ErrNotFound, and an error marked with core.NoFailSafe. It belongs outside of
// [Timeout], so that impatience is rescued like any other failure. events may be
// nil, and t too: then there is no window.
func FailSafe(clock core.Clock, t Throttler, events *core.Events) core.Stage {
	return func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			res, err := next(ctx, r)
			if err == nil || ctx.Err() != nil || !core.MasksStale(err) {
				return res, err
			}
			now := clock.Now()
			end, ok := rescue(r, now)
			switch {
			case !ok && r.Options.FailSafeDefault != nil && r.Factory != nil:
				report(events, core.Event{Kind: core.FailSafeActivated, Key: r.Key, Err: err})
				return core.Result{Entry: r.Options.FailSafeDefault, Stale: true}, nil
			case !ok:
				return res, err
			}
			if t != nil && t.Throttle(r.Key, r.Held, min(now.Add(r.Options.Throttle), end)) {
				report(events, core.Event{Kind: core.FailSafeActivated, Key: r.Key, Err: err})
			}
			return core.Result{Entry: r.Held, Level: core.LevelMemory, Stale: true}, nil
		}
	}
}

// rescue returns until when the held entry may be served for a failure, if it may
// at now.
func rescue(r core.Request, now core.Instant) (end core.Instant, ok bool) {
	if !standsIn(r, now) {
		return 0, false
	}
	m := r.Held.Meta()
	end = r.Options.Rescues(&m)
	return end, now < end
}

// servable reports whether the held entry may be served for a factory that is late,
// at now.
func servable(r core.Request, now core.Instant) bool {
	if !r.Options.FailSafe() || !standsIn(r, now) {
		return false
	}
	m := r.Held.Meta()
	return now < m.Rescued()
}

// standsIn reports whether there is a value held that lives, and has not stood in
// too often.
func standsIn(r core.Request, now core.Instant) bool {
	if r.Held == nil || r.Held.Missing() != nil || r.Held.State(now) == core.Dead {
		return false
	}
	return r.Options.MaxCycles == 0 || int(r.Held.Meta().Cycles) < r.Options.MaxCycles
}

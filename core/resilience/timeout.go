// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lazy"
)

// Timeout returns the stage that bounds one caller's wait: by
// EntryOptions.SoftTimeout if a stale entry can be served instead, by
// EntryOptions.HardTimeout in any case. It then returns a *core.TimeoutError,
// which [FailSafe] outside of it answers with the stale entry.
//
// It belongs outside of [Stampede]: each waiter has its own patience, and giving
// up does not stop the flight. events may be nil.
func Timeout(clock core.Clock, events *core.Events) core.Stage {
	return func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			after, soft := patience(r, clock)
			if after == 0 || r.Factory == nil {
				return next(ctx, r)
			}
			waiting := new(lazy.Context)
			waiting.InitPatience(ctx, core.TimeoutError{Key: r.Key, After: after, Soft: soft})
			defer waiting.End(nil)
			res, err := next(waiting, r)
			if err == nil || !errors.Is(err, context.DeadlineExceeded) {
				return res, err
			}
			limit := waiting.Late()
			if limit == nil {
				return res, err
			}
			report(events, core.Event{Kind: core.FactoryTimedOut, Key: r.Key, Level: core.LevelFactory, Err: limit})
			if !limit.Soft && r.Options.StrictHardTimeout {
				return core.Result{}, core.NoFailSafe(limit)
			}
			return core.Result{}, limit
		}
	}
}

// patience returns the limit that holds for the request, zero if there is none, and
// whether it is the soft one.
func patience(r core.Request, clock core.Clock) (after time.Duration, isSoft bool) {
	soft, hasSoft := limited(r.Options.SoftTimeout)
	hard, hasHard := limited(r.Options.HardTimeout)
	hasSoft = hasSoft && (!hasHard || soft < hard) && r.Held != nil && servable(r, clock.Now())
	switch {
	case hasSoft:
		return soft, true
	case hasHard:
		return hard, false
	}
	return 0, false
}

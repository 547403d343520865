// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
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
			limit := patience(r, clock)
			if limit == nil || r.Factory == nil {
				return next(ctx, r)
			}
			waiting, cancel := context.WithTimeoutCause(ctx, limit.After, limit)
			defer cancel()
			res, err := next(waiting, r)
			if err == nil || context.Cause(waiting) != error(limit) || !errors.Is(err, context.DeadlineExceeded) {
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

// patience returns the limit that holds for the request, as the error that
// breaking it makes, or nil.
func patience(r core.Request, clock core.Clock) *core.TimeoutError {
	soft, hasSoft := limited(r.Options.SoftTimeout)
	hard, hasHard := limited(r.Options.HardTimeout)
	hasSoft = hasSoft && (!hasHard || soft < hard) && servable(r, clock.Now())
	switch {
	case hasSoft:
		return &core.TimeoutError{Key: r.Key, After: soft, Soft: true}
	case hasHard:
		return &core.TimeoutError{Key: r.Key, After: hard}
	}
	return nil
}

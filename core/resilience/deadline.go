// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lazy"
)

// Deadline returns the stage that bounds the factory: its context ends after
// EntryOptions.LoadTimeout. Go cannot stop a factory that ignores its context;
// [Stampede] gives up on its flight after twice that time. The callers' own
// patience is the business of [Timeout].
//
// It belongs directly around the factory, inside of what stores the result, so
// that a slow factory does not use up the time of the writes that follow.
func Deadline() core.Stage {
	return func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			limit := r.Options.LoadTimeout
			if limit == 0 && lazy.Ends(ctx) {
				limit = core.DefaultLoadTimeout
			}
			d, ok := limited(limit)
			if !ok || r.Factory == nil {
				return next(ctx, r)
			}
			within := new(lazy.Context)
			within.InitLimit(ctx, core.TimeoutError{Key: r.Key, After: d})
			defer within.End(nil)
			return next(within, r)
		}
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

var errAbsent = errors.New("nothing fresh in memory")

// Recheck returns the stage that looks into memory once more before it lets a
// failure pass. Something fresh may be there by now: a write from elsewhere, or
// the result of the very load that the caller had no patience for, which is in
// memory already while a slow server takes its copy. A server's trouble is thus
// never returned instead of a value.
//
// It belongs inside of FailSafe, which would answer with something older, and
// outside of Timeout, whose impatience is what it rescues.
func Recheck(l *Local) core.Stage {
	look := anotherLook(l)(func(context.Context, core.Request) (core.Result, error) {
		return core.Result{}, errAbsent
	})
	return func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			res, err := next(ctx, r)
			if err == nil || ctx.Err() != nil {
				return res, err
			}
			r.Factory = nil // no refresh, and nothing stale
			if found, absent := look(ctx, r); absent == nil && !found.Stale {
				return found, nil
			}
			return res, err
		}
	}
}

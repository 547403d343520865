// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// Reread returns the stage that reads the distributed layer once more, inside of a
// flight that has waited for another node: what is fresh by now is the answer.
// Otherwise the load begins from what was found, and its result is compared with
// that.
func Reread(s *Shared, l *Local) core.Stage {
	read := reader(s, l)
	return func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			res, err := read(ctx, r)
			if now := l.clock.Now(); err == nil && res.Entry != nil && res.Entry.State(now) == core.Fresh {
				if !same(r.Held, res.Entry) || settled(res.Entry, now) {
					return res, nil
				}
			}
			r.Held = l.usable(r.Held)
			if err == nil && res.Seen != nil {
				r.Seen = res.Seen
				r.Held = newer(l.survives(r.Key, r.Held, res.Seen), res.Entry)
			}
			return next(ctx, r)
		}
	}
}

// same reports whether found is the write that is held: then a refresh finds nothing
// new in it.
func same(held, found *core.Entry) bool {
	return held != nil && held.Version().Same(found.Version())
}

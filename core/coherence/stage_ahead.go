// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// Ahead returns the stage that looks into the distributed layer before an entry
// that is still good is refreshed: if another node has refreshed it by now, that is
// the answer, and no factory runs. It belongs into the flight of the refresh, around
// Commit. Without it, all nodes that hold a value would make it anew.
func Ahead(s *Shared, l *Local) core.Stage {
	return func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			if skipsRead(r, l.clock) {
				return next(ctx, blindly(ctx, s, r))
			}
			within, cancel := context.WithTimeout(ctx, r.Options.DistributedTimeout)
			asked := l.asks(r.Key, l.clock.Now())
			found, err := s.read(within, r.Key, asked.at)
			if err != nil {
				cancel()
				return next(ctx, r)
			}
			e, err := l.admit(within, r, found, asked, l.clock.Now())
			cancel()
			if err != nil {
				s.unreadable(r.Key, err)
			}
			if now := l.clock.Now(); e != nil && e == newest(r.Held, e) && settled(e, now) {
				promote(l, r, e, found.Payload, now)
				return core.Result{Entry: e, Level: core.LevelDistributed}, nil
			}
			r.Seen = found.Seen
			r.Held = l.survives(r.Key, r.Held, found.Seen)
			return next(ctx, r)
		}
	}
}

// settled reports whether e is fresh, and not to be refreshed itself.
func settled(e *core.Entry, now core.Instant) bool {
	m := e.Meta()
	return m.State(now) == core.Fresh && !m.Due(now)
}

// newest returns found, unless held was written later.
func newest(held, found *core.Entry) *core.Entry {
	if held != nil && held.Version().Compare(found.Version()) > 0 {
		return held
	}
	return found
}

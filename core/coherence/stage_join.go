// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// Underway tells of the load of a key that can be joined: when it began, and how
// many callers wait for it; ok is false if there is none.
// resilience.Stampede.Peek is one.
type Underway func(key string) (began core.Instant, waiters int, ok bool)

// joins reports whether r should wait for a load that is under way instead of
// reading the distributed layer, which that load has read. A load is as good as an
// entry in memory that was checked when it began. Who holds an entry in doubt, or
// is not to use memory, goes its own way.
func (l *Local) joins(r core.Request, loading Underway) bool {
	const own = core.SkipMemoryRead | core.SkipMemoryWrite | core.SkipDistributedRead
	if loading == nil || r.Factory == nil || r.Answer != nil || r.Options.Skip&own != 0 {
		return false
	}
	now := l.clock.Now()
	if r.Held != nil && r.Held.State(now) == core.Fresh {
		return false
	}
	began, _, ok := loading(r.Key)
	return ok && l.Trusted(began, now)
}

// SecondLook returns the stage that looks once more, inside of a flight: into
// memory, for a caller that missed there before the flight ahead of this one had
// stored its result; and into the distributed layer, for one that has not read it
// because it meant to join a load, which then had ended, or that has waited for its
// turn since. s may be nil.
func SecondLook(s *Shared, l *Local) core.Stage {
	memory := anotherLook(l)
	if s == nil {
		return memory
	}
	reread := Reread(s, l)
	return func(next core.Handler) core.Handler {
		late := reread(next)
		return memory(func(ctx context.Context, r core.Request) (core.Result, error) {
			unread := r.Unread
			r.Unread = false
			switch {
			case !unread:
				return next(ctx, r)
			case skipsRead(r, l.clock):
				return next(ctx, blindly(ctx, s, r))
			}
			return late(ctx, r)
		})
	}
}

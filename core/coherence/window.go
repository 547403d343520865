// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// A throttle window spares a source that has just failed. What is heard after it was
// opened counts all the same: a removal or an expiry, of the key or of a tag, ends it.
// Mere doubt does not, but has the distributed layer asked first, which may have
// something newer. If that cannot be, as the layer does not answer, is skipped or does not
// exist, the window goes on: there is only the source, and if that failed again, the
// answer would be the same entry.

// Throttle implements resilience.Throttler. An entry that memory does not hold
// any more is not put back: it may have been removed. One that was fresh but not
// trusted becomes stale.
func (l *Local) Throttle(key string, held *core.Entry, until core.Instant) bool {
	defer l.lock(key).Unlock()
	e, ok := l.memory.Get(key)
	if !ok || !sameWindow(e, held) {
		return false
	}
	m := e.Meta()
	if l.marks != nil {
		if m.Stamp, ok = l.marks.throttled(&m); !ok {
			return false
		}
	}
	m.Stale = min(m.Stale, l.clock.Now())
	m.Retry = until
	m.Cycles++
	l.amend(key, e.Copy(m))
	l.stillAway()
	return true
}

// sameWindow reports whether a and b are the same value in the same window.
func sameWindow(a, b *core.Entry) bool {
	x, y := a.Meta(), b.Meta()
	return x.Born == y.Born && x.Version == y.Version && x.Retry == y.Retry && x.Cycles == y.Cycles
}

// spares reports whether the source is not to be asked, nor anybody else, in the throttle
// window of an entry with m, which stands so to the marks.
func (l *Local) spares(m *core.Meta, s Standing, now core.Instant) bool {
	return s == Valid && l.Trusted(m.Checked, now) || l.alone(now) && l.stands(m, s)
}

// stands reports whether nothing but doubt speaks against an entry with m.
func (l *Local) stands(m *core.Meta, s Standing) bool {
	return s == Valid || s == Unknown && !l.marks.told(m)
}

// askAgain is how long a distributed layer that did not answer is left alone by those
// who can do without.
const askAgain = 2 * time.Second

// alone reports whether there is no distributed layer that can be asked.
func (l *Local) alone(now core.Instant) bool {
	return l.marks == nil || l.marks.shared == nil || now < core.Instant(l.retry.Load())
}

// stillAway has a distributed layer left alone for longer that did not answer before the
// source was asked, which took its time.
func (l *Local) stillAway() {
	if retry := core.Instant(l.retry.Load()); retry != 0 && l.clock.Now() < retry.Add(askAgain) {
		l.asked(false)
	}
}

// asked notes whether the distributed layer, which was asked just now, has answered.
func (l *Local) asked(answered bool) {
	if !answered {
		l.retry.Store(int64(l.clock.Now().Add(askAgain)))
	} else if l.retry.Load() != 0 {
		l.retry.Store(0)
	}
}

// sparing returns next for a request whose distributed layer has been asked, or is not to
// be. In the throttle window of what it holds, that is the answer.
func (l *Local) sparing(next core.Handler) core.Handler {
	return func(ctx context.Context, r core.Request) (core.Result, error) {
		if r.Held != nil && r.Factory != nil && l.windowed(r) {
			return core.Result{Entry: r.Held, Level: core.LevelMemory, Stale: true}, nil
		}
		return next(ctx, r)
	}
}

// windowed reports whether what r holds is in a throttle window that nothing but doubt
// speaks against.
func (l *Local) windowed(r core.Request) bool {
	m, now := r.Held.Meta(), l.clock.Now()
	return m.State(now) == core.Throttled && now < r.Options.Rescues(&m) && l.stands(&m, l.Standing(&m))
}

// agreed notes that the distributed layer, asked at an instant, had nothing newer than
// what r holds in a throttle window, so that the window needs no server any more.
func (l *Local) agreed(r core.Request, asked core.Instant) {
	if r.Held == nil || r.Held.State(asked) != core.Throttled {
		return
	}
	m := r.Held.Meta()
	m.Checked = asked
	if l.marks != nil {
		m.Stamp = l.marks.marked(m.Stamp, l.marks.changes.Load())
		if l.marks.Judge(&m) != Valid {
			return
		}
	}
	l.Confirm(r.Key, r.Token, m)
}

// vacant is agreed if the layer was found to have nothing at all. It may only lag, if
// somebody has said that the key has changed.
func (l *Local) vacant(r core.Request, found Found, asked core.Instant) {
	empty := len(found.Seen.Header) == 0 && !found.Seen.Foreign
	if empty && r.Held != nil && r.Held.Checked() != unchecked {
		l.agreed(r, asked)
	}
}

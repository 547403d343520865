// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"strings"

	"github.com/fusioncache-go/fusioncache/core"
)

// useGrain is the part of an idle limit to which a layer of bytes keeps the time of
// the last use: to keep it exactly, every hit would have to write.
const useGrain = 64

// Use notes that key's entry, with metadata m, was used at now. It does not keep
// key, and allocates nothing but rarely, for a layer of bytes.
func (l *Local) Use(key string, m *core.Meta, now core.Instant) {
	x := m.Extra
	if x == nil || x.Idle == 0 {
		return
	}
	if l.bytes == nil {
		x.Use(now)
	} else if now.Sub(x.Used()) >= x.Idle/useGrain {
		l.touch(strings.Clone(key), m, now)
	}
}

// touch writes the time of a use into the entry that memory holds as bytes.
func (l *Local) touch(key string, m *core.Meta, now core.Instant) {
	defer l.lock(key).Unlock()
	e, ok := l.memory.Get(key)
	if !ok || e.Extra() == nil || e.Born() != m.Born || e.Version() != m.Version {
		return
	}
	e.Extra().Use(now)
	l.amend(key, e)
}

// Ahead reports whether held, an entry of key that memory has not answered with, is
// to be served all the same, as its refresh is due; and whether the caller is the
// one to start it. Then the next is due at next; if that is zero, nobody is.
func (l *Local) Ahead(key string, held *core.Entry, o *core.EntryOptions, next core.Instant) (serve, start bool) {
	now := l.clock.Now()
	m := held.Meta()
	if m.State(now) == core.Fresh {
		serve = l.Judge(key, &m, now, o) == Serve
	} else {
		serve = l.revalidates(&m, now, o)
	}
	if !serve || m.Extra == nil {
		return serve, false
	}
	defer l.lock(key).Unlock()
	e, ok := l.memory.Get(key)
	if !ok || !sameWindow(e, held) || e.Extra() == nil || now < e.Extra().Refresh {
		return true, false
	}
	l.amend(key, e.With(e.Meta().RefreshAt(next)))
	return true, true
}

// revalidates reports whether an entry that is stale is served while it is
// refreshed.
func (l *Local) revalidates(m *core.Meta, now core.Instant, o *core.EntryOptions) bool {
	return o.StaleWhileRevalidate > 0 && m.Revalidates(now) && l.Standing(m) == Valid && l.Trusted(m.Checked, now)
}

// revalidating is revalidates for an entry that the request holds.
func (l *Local) revalidating(r core.Request) bool {
	m := r.Held.Meta()
	return l.revalidates(&m, l.clock.Now(), r.Options)
}

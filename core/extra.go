// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Extra is what is known of an entry that has more to it than a life and tags. It
// is shared by all who know the entry, and not to be changed; but the time of the
// last use changes, by [Meta.Use].
type Extra struct {
	used int64 // an Instant; atomic, and first for its alignment on 32 bits

	// Idle ends the logical life of the entry in memory when nobody has used it for
	// so long. Zero: no matter.
	Idle time.Duration

	// Refresh is when a hit begins to have the entry refreshed in the background.
	// Zero: none does.
	Refresh Instant

	// Chance says that from Refresh on each hit has the entry refreshed with a
	// chance that grows toward the end of its life: XFetch.
	Chance bool

	// Revalidate ends the window behind Stale in which the entry is served while it
	// is refreshed in the background. Zero: there is none.
	Revalidate Instant

	// Rescue is the end of fail-safe, where the entry is kept for longer. Zero: that
	// is Dead.
	Rescue Instant

	// Took is how long the factory took, where that is needed. Zero: unknown.
	Took time.Duration

	// ETag and LastModified, in nanoseconds since 1970, are what the source said of
	// the value, to ask it later whether there is a newer one.
	ETag         string
	LastModified int64

	// Size is what the entry weighs, in units of the user's. Zero: unknown.
	Size uint32

	// Priority says how much the entry is worth keeping.
	Priority Priority

	// Missing makes a negative entry: it has no value, and readers get this error,
	// which wraps ErrNotFound. In bytes only that it is there remains.
	Missing error
}

// Priority is how much an entry is worth keeping, for a memory layer that heeds it; see
// [EntryOptions.Priority].
type Priority uint8

// The priorities.
const (
	NormalPriority Priority = iota
	LowPriority
	HighPriority
)

// MaxETagLen is the longest ETag, in bytes, that an entry keeps.
const MaxETagLen = 1024

// Extra returns what more there is to the entry, or nil.
func (e *Entry) Extra() *Extra {
	if e.more == nil || e.more.rare == nil {
		return nil
	}
	return e.more.rare.extra
}

// Size returns the size that the entry was given, or 1.
func (e *Entry) Size() uint32 {
	if x := e.Extra(); x != nil && x.Size > 0 {
		return x.Size
	}
	return 1
}

// Missing returns the error of a negative entry, or nil.
func (e *Entry) Missing() error {
	if x := e.Extra(); x != nil {
		return x.Missing
	}
	return nil
}

// Plain reports whether a fresh entry is to be served at now with nothing more to
// be done: it is a value, is not idle, and no refresh may be due.
func (x *Extra) Plain(now Instant) bool {
	return x.Missing == nil && !x.idle(now) && (x.Refresh == 0 || now < x.Refresh)
}

// Used returns when the entry was last used, if that matters.
func (x *Extra) Used() Instant { return Instant(atomic.LoadInt64(&x.used)) }

// Use notes a use at now, if that matters.
func (x *Extra) Use(now Instant) {
	if x.Idle > 0 {
		atomic.StoreInt64(&x.used, int64(now))
	}
}

func (x *Extra) idle(now Instant) bool {
	return x.Idle > 0 && now >= x.Used().Add(x.Idle)
}

// copy returns an Extra that may be changed.
func (x *Extra) copy() *Extra {
	if x == nil {
		return &Extra{}
	}
	return &Extra{
		used: int64(x.Used()), Idle: x.Idle,
		Refresh: x.Refresh, Chance: x.Chance, Revalidate: x.Revalidate, Rescue: x.Rescue, Took: x.Took,
		ETag: x.ETag, LastModified: x.LastModified, Size: x.Size, Priority: x.Priority, Missing: x.Missing,
	}
}

// Shared returns what other nodes can use of x, which may be nil; nil if there is
// nothing. move takes its one instant to where it is going.
func (x *Extra) Shared(move func(Instant) Instant) *Extra {
	if x == nil {
		return nil
	}
	shared := Extra{
		Took: x.Took, ETag: x.ETag, LastModified: x.LastModified,
		Size: x.Size, Priority: x.Priority, Missing: x.Missing,
	}
	if x.Rescue != 0 {
		shared.Rescue = move(x.Rescue)
	}
	if shared == (Extra{}) {
		return nil
	}
	return &shared
}

// RefreshAt returns m with another time for the next refresh.
func (m Meta) RefreshAt(next Instant) Meta {
	m.Extra = m.Extra.copy()
	m.Extra.Refresh, m.Extra.Chance = next, false
	return m
}

// Validated returns m with the validators of the value; an ETag that is too long is
// left out, and the zero time is none.
func (m Meta) Validated(etag string, modified time.Time) Meta {
	if len(etag) > MaxETagLen {
		etag = ""
	}
	if etag == "" && modified.IsZero() {
		return m
	}
	m.Extra = m.Extra.copy()
	m.Extra.ETag = etag
	if !modified.IsZero() {
		m.Extra.LastModified = modified.UnixNano()
	}
	return m
}

// Prolonged returns x, which may be changed by nobody, for an entry whose life in memory
// has become longer by d, with what next says of the entry to all nodes; next may be nil.
func (x *Extra) Prolonged(next *Extra, d time.Duration) *Extra {
	out := x.copy()
	if out.Refresh != 0 && out.Refresh != Never {
		out.Refresh = out.Refresh.Add(d)
	}
	if out.Revalidate != 0 {
		out.Revalidate = out.Revalidate.Add(d)
	}
	if next == nil {
		next = &Extra{}
	}
	out.Rescue, out.Took, out.ETag, out.LastModified = next.Rescue, next.Took, next.ETag, next.LastModified
	return out
}

// Invalidated returns m without what an entry is refreshed by that has come to the
// end of its life by itself, for one whose life was ended.
func (m Meta) Invalidated() Meta {
	if x := m.Extra; x != nil && (x.Refresh != 0 || x.Revalidate != 0) {
		m.Extra = x.copy()
		m.Extra.Refresh, m.Extra.Revalidate, m.Extra.Chance = 0, 0, false
	}
	return m
}

// Due reports whether a hit at now is to have the entry refreshed in the background.
// The chances are those of XFetch (Vattani, Chierichetti and Lowenstein, Optimal
// Probabilistic Cache Stampede Prevention, 2015).
func (m *Meta) Due(now Instant) bool {
	x := m.Extra
	if x == nil || x.Refresh == 0 || now < x.Refresh {
		return false
	}
	if !x.Chance || now >= m.Stale {
		return true
	}
	unit := float64(m.Stale.Sub(x.Refresh)) / chanceReach
	return rand.ExpFloat64()*unit >= float64(m.Stale.Sub(now))
}

// chanceReach is how many times longer than the factory takes, times EagerChance,
// XFetch looks ahead: the chance of a refresh before that is below e^-10.
const chanceReach = 10

// Revalidates reports whether the stale entry is to be served at now while it is
// refreshed.
func (m *Meta) Revalidates(now Instant) bool {
	return m.Extra != nil && now >= m.Stale && now < m.Extra.Revalidate
}

// Rescued returns the end of fail-safe.
func (m *Meta) Rescued() Instant {
	if m.Extra != nil && m.Extra.Rescue != 0 {
		return m.Extra.Rescue
	}
	return m.Dead
}

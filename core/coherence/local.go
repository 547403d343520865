// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Revoker takes from the flights of a key the right to store their results.
type Revoker interface {
	Revoke(key string)
	RevokeAll()
}

// Local is the one door to the memory layer. Reads go straight through; every
// change of a key happens under a lock that it shares with few other keys.
//
// Invariant: a token is checked and its result stored under the same lock under
// which a writer revokes tokens and stores. So no result that was read before a
// write is stored after it.
//
// Safe for concurrent use.
type Local struct {
	memory   core.MemoryLayer
	bytes    core.ByteMemory // nil for a layer of objects
	clock    core.Clock
	events   *core.Events
	revokers []Revoker
	seed     maphash.Seed
	locks    [lockCount]paddedMutex
	suspect  atomic.Int64
}

const lockCount = 128

// paddedMutex keeps neighbouring locks out of one cache line.
type paddedMutex struct {
	sync.Mutex
	_ [56]byte
}

// NewLocal returns the door to memory. revokers are the groups of flights that
// store through it; events may be nil.
func NewLocal(memory core.MemoryLayer, clock core.Clock, events *core.Events, revokers ...Revoker) *Local {
	l := &Local{memory: memory, clock: clock, events: events, revokers: revokers, seed: maphash.MakeSeed()}
	l.bytes, _ = core.As[core.ByteMemory](memory)
	l.suspect.Store(math.MinInt64)
	return l
}

// Bytes returns the memory layer's ability to hold bytes, or nil.
func (l *Local) Bytes() core.ByteMemory { return l.bytes }

// Get returns what memory holds for key, in whatever state.
func (l *Local) Get(key string) (*core.Entry, bool) { return l.memory.Get(key) }

// Trusted reports whether an entry that was checked then can be believed still:
// whether no message can have been missed since.
func (l *Local) Trusted(checked core.Instant) bool { return int64(checked) >= l.suspect.Load() }

// Suspect makes everything that memory holds now untrusted: messages may have
// been lost. Nothing is deleted; an entry is checked when it is next asked for,
// and stays usable for fail-safe. Flights under way must not store.
func (l *Local) Suspect() {
	l.suspect.Store(int64(l.clock.Now()))
	for _, r := range l.revokers {
		r.RevokeAll()
	}
}

func (l *Local) lock(key string) *paddedMutex {
	m := &l.locks[maphash.String(l.seed, key)%lockCount]
	m.Lock()
	return m
}

// Commit stores the result of a flight, unless its token was revoked. It reports
// whether the token was valid.
func (l *Local) Commit(key string, t *core.Token, e *core.Entry) bool {
	defer l.lock(key).Unlock()
	if !t.Valid() {
		return false
	}
	l.store(key, e)
	return true
}

// Write stores e and revokes the flights of key. A nil e removes.
func (l *Local) Write(key string, e *core.Entry) {
	defer l.lock(key).Unlock()
	l.revoke(key)
	if e == nil {
		l.memory.Delete(key)
		return
	}
	l.store(key, e)
}

// Expire ends the logical life of key's entry and revokes its flights. What
// fail-safe can still use stays; the rest is deleted.
func (l *Local) Expire(key string) {
	defer l.lock(key).Unlock()
	l.revoke(key)
	l.expire(key)
}

// Invalidate is Expire for a write of another node, version v. An entry that is
// that very write stays.
func (l *Local) Invalidate(key string, v core.Version) {
	defer l.lock(key).Unlock()
	l.revoke(key)
	if e, ok := l.memory.Get(key); ok && !v.IsZero() && e.Version().Same(v) {
		return
	}
	l.expire(key)
}

// Throttle implements resilience.Throttler.
func (l *Local) Throttle(key string, held *core.Entry, until core.Instant) bool {
	defer l.lock(key).Unlock()
	e, ok := l.memory.Get(key)
	if ok && !sameWindow(e, held) {
		return false
	}
	m := held.Meta()
	m.Retry = until
	m.Cycles++
	if !ok && l.bytes != nil && held.Payload() == nil {
		return true // evicted, and only the decoded value is left: nothing to put back
	}
	if ok {
		held = e
	}
	l.store(key, held.With(m))
	return true
}

// sameWindow reports whether a and b are the same value in the same window.
func sameWindow(a, b *core.Entry) bool {
	x, y := a.Meta(), b.Meta()
	return x.Born == y.Born && x.Version == y.Version && x.Retry == y.Retry && x.Cycles == y.Cycles
}

func (l *Local) revoke(key string) {
	for _, r := range l.revokers {
		r.Revoke(key)
	}
}

func (l *Local) expire(key string) {
	e, ok := l.memory.Get(key)
	if !ok {
		return
	}
	now := l.clock.Now()
	m := e.Meta()
	if m.Dead <= m.Stale || m.Dead <= now {
		l.memory.Delete(key)
		return
	}
	m.Stale = min(m.Stale, now)
	m.Retry = 0
	l.store(key, e.With(m))
}

// store puts e into memory. A layer that cannot hold it holds nothing
// afterwards; the other levels still serve it.
func (l *Local) store(key string, e *core.Entry) {
	if l.bytes != nil && e.Payload() == nil {
		l.memory.Delete(key)
		return
	}
	if err := l.memory.Set(key, e); err != nil {
		l.events.Emit(core.Event{Kind: core.MemoryRefused, Key: key, Level: core.LevelMemory, Op: core.OpSet, Err: err})
	}
}

// remaining returns how long an entry that is dead at d still has to live, for a
// layer that takes a time to live: at least a nanosecond.
func remaining(d, now core.Instant) time.Duration { return max(d.Sub(now), 1) }

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"cmp"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

// Revoker takes from the flights of a key the right to store their results.
type Revoker interface {
	// Revoke takes it from the flight of key, if there is one.
	Revoke(key string)

	// RevokeAll takes it from all flights.
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
	fences   fences
	pulse    pulse
	marks    *Marks    // nil: entries have no marks
	debts    *Recovery // nil: there are none
	skew     time.Duration
	retry    atomic.Int64 // until when the distributed layer, which did not answer, is left alone; zero: it did
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
	l.pulse.init()
	return l
}

// Bytes returns the memory layer's ability to hold bytes, or nil.
func (l *Local) Bytes() core.ByteMemory { return l.bytes }

// Get returns what memory holds for key, in whatever state.
func (l *Local) Get(key string) (*core.Entry, bool) { return l.memory.Get(key) }

// Trusted reports whether an entry that was last checked then can be believed at
// now: whether no message about it can have been missed since.
func (l *Local) Trusted(checked, now core.Instant) bool { return l.pulse.trusts(checked, now) }

// Watch makes the entries subject to marks. It belongs to set-up, before NewReceiver.
func (l *Local) Watch(m *Marks) {
	l.marks = m
	m.surprised = l.revokeAll
}

// Honour makes the node's own writes that the distributed layer does not know yet
// count. skew is how far the clocks of two nodes may differ; zero: DefaultMaxSkew.
// It belongs to set-up.
func (l *Local) Honour(debts *Recovery, skew time.Duration) {
	l.debts, l.skew = debts, cmp.Or(skew, DefaultMaxSkew)
	if l.marks == nil {
		return
	}
	l.marks.debts = debts
	debts.full = func() {
		// Which keys are owed is not known any more: nothing from before counts.
		l.marks.Renew("", false)
		l.revokeAll()
	}
}

// Marked reports whether an entry with the stamp s needs no look at its marks: none
// has changed since it was found valid.
func (l *Local) Marked(s *core.Stamp) bool { return l.marks == nil || l.marks.Current(s.Count()) }

// Standing returns how an entry stands to the marks, as far as that is known.
func (l *Local) Standing(m *core.Meta) Standing {
	if l.Marked(m.Stamp) {
		return Valid
	}
	return l.marks.Judge(m)
}

// remark notes that e was found valid, so that the next hit need not look.
func (l *Local) remark(key string, e *core.Entry) {
	if l.Marked(e.Stamp()) {
		return
	}
	defer l.lock(key).Unlock()
	m := e.Meta()
	now, ok := l.memory.Get(key)
	if !ok || !sameWindow(now, e) {
		return
	}
	m.Stamp = l.marks.marked(m.Stamp, l.marks.changes.Load())
	if l.marks.Judge(&m) == Valid {
		l.amend(key, now.Copy(m))
	}
}

// Suspect makes everything that memory holds now untrusted: messages may have
// been lost. Nothing is deleted; an entry is checked when it is next asked for,
// and stays usable for fail-safe. Flights under way must not store.
func (l *Local) Suspect() {
	l.distrust()
	l.revokeAll()
}

func (l *Local) distrust() {
	l.pulse.lose(l.clock.Now())
	if l.marks != nil {
		l.marks.DoubtAll()
	}
}

// Clear forgets everything that memory holds, if it can do that at once; marks
// have made it invalid anyway.
func (l *Local) Clear() { l.clear(ownCall) }

func (l *Local) clear(by core.Level) {
	l.revokeAll()
	l.forgetAll(by)
}

func (l *Local) revokeAll() {
	for _, r := range l.revokers {
		r.RevokeAll()
	}
}

func (l *Local) lock(key string) *paddedMutex {
	m := &l.locks[l.hash(key)%lockCount]
	m.Lock()
	return m
}

// Admits reports whether v is not older than what is known to have been written
// under key since, by others or by this node. While a write of this node has not
// reached the distributed layer, what that holds is older for all that anybody
// can tell, unless it is newer by more than clocks can err.
func (l *Local) Admits(key string, v core.Version) bool {
	return l.admits(key, v, l.clock.Now())
}

// admits is Admits at now.
func (l *Local) admits(key string, v core.Version, now core.Instant) bool {
	if v.IsZero() {
		return true
	}
	own, owes := l.debts.owes(key)
	switch {
	case l.predates(v, own):
		return false
	case owes && v.Node == own.Node:
		return true
	}
	return l.fences.admits(l.hash(key), v, now) || mutation.On(mutation.NoFence)
}

// predates reports whether v, in the distributed layer, is older than the write own of
// this node that the layer may not have had, for all that anybody can tell. There is
// none if own is zero.
func (l *Local) predates(v, own core.Version) bool {
	switch {
	case own.IsZero() || mutation.On(mutation.NoDebt):
		return false
	case v.Node == own.Node:
		return v.Op < own.Op
	}
	return v.Time <= own.Time+l.skew.Milliseconds()
}

// Commit stores the result of a flight, unless its token was revoked or it is
// older than the fence of its key. It reports whether it did.
func (l *Local) Commit(key string, t *core.Token, e *core.Entry) bool {
	defer l.lock(key).Unlock()
	if !valid(t) || !l.Admits(key, e.Version()) {
		return false
	}
	l.put(key, e, core.LevelFactory)
	return true
}

// Adopt is Commit for what was read from the distributed layer. If that is news
// and fresh, a load of the key under way has begun from something older, and may
// not store any more.
func (l *Local) Adopt(key string, t *core.Token, e *core.Entry) bool {
	return l.adopt(key, t, e, l.clock.Now())
}

// adopt is Adopt at now, or a little later: then it stores less and revokes more.
func (l *Local) adopt(key string, t *core.Token, e *core.Entry, now core.Instant) bool {
	defer l.lock(key).Unlock()
	if !l.admits(key, e.Version(), now) {
		return false
	}
	if !valid(t) {
		l.overtaken(key, e)
		return false
	}
	before, ok := l.memory.Get(key)
	l.put(key, e, core.LevelDistributed)
	if known := ok && before.Version().Same(e.Version()); !known && e.State(now) == core.Fresh && !mutation.On(mutation.NoNews) {
		l.revoke(key)
	}
	return true
}

// Overtaken notes that a caller has been shown e, which memory is not to hold. It
// must not hold anything else then, as that may be older; a load that only memory
// has kept has a version that says nothing. Nor may a load under way store.
func (l *Local) Overtaken(key string, e *core.Entry) {
	defer l.lock(key).Unlock()
	if l.Admits(key, e.Version()) {
		l.overtaken(key, e)
	}
}

func (l *Local) overtaken(key string, shown *core.Entry) {
	e, ok := l.memory.Get(key)
	if ok && e.Version().Same(shown.Version()) || shown.State(l.clock.Now()) != core.Fresh {
		return
	}
	l.expire(key, core.LevelDistributed)
	l.revoke(key)
}

// Confirm notes that key's entry, if it is still the write with metadata m and t
// is valid, agreed with the distributed layer, and when.
func (l *Local) Confirm(key string, t *core.Token, m core.Meta) { l.confirm(key, t, m, nil) }

// confirm is Confirm with the same entry alive, if it is at hand: a layer of objects
// then holds it so.
func (l *Local) confirm(key string, t *core.Token, m core.Meta, live *core.Entry) {
	defer l.lock(key).Unlock()
	e, ok := l.memory.Get(key)
	if !ok || !valid(t) || !e.Version().Same(m.Version) {
		return
	}
	confirmed := e.Meta()
	confirmed.Checked = m.Checked
	if l.marks != nil {
		confirmed.Stamp = l.marks.marked(confirmed.Stamp, m.Stamp.Count())
	}
	if live != nil && l.bytes == nil {
		e = live
	}
	l.amend(key, e.Copy(confirmed))
}

// Restamp gives key's entry, if it is still the write with metadata m, the marks
// of m.
func (l *Local) Restamp(key string, m core.Meta) {
	defer l.lock(key).Unlock()
	e, ok := l.memory.Get(key)
	if !ok || !e.Version().Same(m.Version) {
		return
	}
	now := e.Meta()
	now.Stamp = restamped(now.Stamp, m.Stamp)
	l.amend(key, e.Copy(now))
}

// restamped returns s with the generations of by.
func restamped(s, by *core.Stamp) *core.Stamp {
	if by == nil {
		by = &core.Stamp{}
	}
	return &core.Stamp{Tags: s.Names(), Epoch: by.Epoch, Generations: by.Generations, Marked: s.Count()}
}

// valid reports whether the result of t may be stored. The lock of its key is
// held.
func valid(t *core.Token) bool { return t.Valid() || mutation.On(mutation.NoToken) }

func (l *Local) revoke(key string) {
	for _, r := range l.revokers {
		r.Revoke(key)
	}
}

func (l *Local) hash(key string) uint64 { return maphash.String(l.seed, key) }

// remaining returns how long an entry that is dead at d still has to live, for a
// layer that takes a time to live: at least a nanosecond.
func remaining(d, now core.Instant) time.Duration { return max(d.Sub(now), 1) }

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

// This file is what changes an entry for a reason that lies elsewhere: a write of this
// node or of another, and what became of it.

// Write stores e and revokes the flights of key.
func (l *Local) Write(key string, e *core.Entry) {
	defer l.lock(key).Unlock()
	l.write(key, e)
}

// Remove deletes key's entry, as of a removal with version v, and revokes its
// flights.
func (l *Local) Remove(key string, v core.Version) {
	l.removed(key, v, ownCall)
}

// removed is Remove as of a removal that comes from elsewhere.
func (l *Local) removed(key string, v core.Version, by core.Level) {
	defer l.lock(key).Unlock()
	l.remove(key, v, by)
}

// Expire ends the logical life of key's entry, as of an expiry with version v,
// and revokes its flights. What fail-safe can still use stays; the rest is
// deleted.
func (l *Local) Expire(key string, v core.Version) {
	l.expired(key, v, ownCall)
}

// expired is Expire as of an expiry that comes from elsewhere.
func (l *Local) expired(key string, v core.Version, by core.Level) {
	defer l.lock(key).Unlock()
	l.expireAs(key, v, by)
}

// write, remove and expireAs are Write, Remove and Expire for who holds the lock.
func (l *Local) write(key string, e *core.Entry) {
	l.invalidated(key, e.Version())
	l.put(key, e, ownCall)
}

func (l *Local) remove(key string, v core.Version, by core.Level) {
	l.invalidated(key, v)
	l.forget(key, by)
}

func (l *Local) expireAs(key string, v core.Version, by core.Level) {
	l.invalidated(key, v)
	l.expire(key, by)
}

// Invalidate is Expire for a write of another node, version v. An entry that is
// that very write stays.
func (l *Local) Invalidate(key string, v core.Version) {
	defer l.lock(key).Unlock()
	l.invalidated(key, v)
	if e, ok := l.memory.Get(key); ok && !v.IsZero() && e.Version().Same(v) {
		return
	}
	l.expire(key, core.LevelBackplane)
}

// Landed notes that this node's write own has reached the distributed layer,
// which lifted its version to landed; zero if nobody knows whether it has. A
// read that began before that may have found what was there before, and stored
// it after memory had changed: the node's own messages do not tell it. A mark
// stands for a key that begins with NUL; memory has none. gone says that the
// write is a removal, which leaves nothing to fail-safe.
func (l *Local) Landed(key string, own, landed core.Version, gone bool) {
	if key[0] == 0 || mutation.On(mutation.NoLanding) {
		return
	}
	defer l.lock(key).Unlock()
	l.invalidated(key, landed)
	e, ok := l.memory.Get(key)
	if !ok {
		return
	}
	v := e.Version()
	if v.Node == own.Node && v.Op >= own.Op || !landed.IsZero() && v.Compare(landed) > 0 {
		return
	}
	if gone {
		l.forget(key, core.LevelDistributed)
		return
	}
	l.expire(key, core.LevelDistributed)
}

// arrived notes that the distributed layer holds version v of key, or a later one, though
// for a while it may answer with an older one, which nobody is to be shown after v. Other
// fences last longer.
func (l *Local) arrived(key string, v core.Version) {
	if l.pulse.lag > 0 {
		l.fences.raiseFor(l.hash(key), v, l.clock.Now(), l.pulse.lag)
	}
}

// Drop expires key's entry if it is still the write v, which turned out not to
// be the latest.
func (l *Local) Drop(key string, v core.Version) {
	defer l.lock(key).Unlock()
	if e, ok := l.memory.Get(key); ok && e.Version().Same(v) {
		l.expire(key, core.LevelDistributed)
	}
}

// Withdraw deletes key's entry if it is still the write v, whose place a removal has
// taken: that leaves nothing to fail-safe.
func (l *Local) Withdraw(key string, v core.Version) {
	defer l.lock(key).Unlock()
	if e, ok := l.memory.Get(key); ok && e.Version().Same(v) {
		l.forget(key, core.LevelDistributed)
	}
}

// invalidated makes sure that nothing older than v is stored under key from now
// on. The lock is held.
func (l *Local) invalidated(key string, v core.Version) {
	l.revoke(key)
	if !v.IsZero() {
		l.fences.raise(l.hash(key), v, l.clock.Now())
	}
}

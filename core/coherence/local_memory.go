// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import "github.com/fusioncache-go/fusioncache/core"

// This file is where memory changes, and where listeners hear of it. All of it but
// forgetAll is called under the lock of its key. by is the level that a change comes
// from: a load, what the distributed layer holds, a message, or ownCall.

// ownCall is no level: a caller of this node has asked for the change.
const ownCall core.Level = 0

// put stores e, which memory did not have.
func (l *Local) put(key string, e *core.Entry, by core.Level) {
	if l.amend(key, e) {
		l.tell(core.MemoryWritten, key, nil, by)
	}
}

// amend stores e, which is what memory has already with something else noted about it,
// and reports whether memory has taken it. A layer that cannot hold it holds nothing
// afterwards; the other levels still serve it.
func (l *Local) amend(key string, e *core.Entry) bool {
	if l.bytes != nil && e.Payload() == nil {
		l.memory.Delete(key)
		return false
	}
	err := l.memory.Set(key, e)
	if err != nil {
		l.events.Emit(core.Event{Kind: core.MemoryRefused, Key: key, Level: core.LevelMemory, Op: core.OpSet, Err: err})
	}
	return err == nil
}

// expire ends the logical life of key's entry, if there is one. It is deleted if
// fail-safe has no use for it.
func (l *Local) expire(key string, by core.Level) {
	e, ok := l.memory.Get(key)
	if !ok {
		return
	}
	now := l.clock.Now()
	m := e.Meta()
	if m.Dead <= m.Stale || m.Dead <= now {
		l.memory.Delete(key)
		l.tell(core.MemoryRemoved, key, e, by)
		return
	}
	ended := m.Stale <= now && m.Retry == 0 && m.Checked == unchecked // by an earlier expiry
	m.Stale = min(m.Stale, now)
	m.Retry = 0
	m.Checked = unchecked // it has not come to its end by itself; see Extend
	if l.amend(key, e.With(m.Invalidated())) && !ended {
		l.tell(core.MemoryExpired, key, e, by)
	}
}

// Ended reports whether the life of a stale entry with m was ended before it came to its
// end by itself, or may have been: somebody has said that the key has changed.
func Ended(m *core.Meta) bool { return m.Checked == unchecked || m.Ended() }

// forget deletes key's entry, if there is one.
func (l *Local) forget(key string, by core.Level) {
	var e *core.Entry
	if l.events.Wants(core.MemoryRemoved) {
		e, _ = l.memory.Get(key) // who listens wants to hear only of what was there
	}
	l.memory.Delete(key)
	if e != nil {
		l.tell(core.MemoryRemoved, key, e, by)
	}
}

// forgetAll deletes everything, if memory can do that at once.
func (l *Local) forgetAll(by core.Level) {
	if c, ok := core.As[core.Clearer](l.memory); ok {
		c.Clear()
		l.tell(core.MemoryRemoved, "", nil, by)
	}
}

// tell tells what became of key's entry e.
func (l *Local) tell(kind core.Kind, key string, e *core.Entry, by core.Level) {
	if !l.events.Wants(kind) {
		return
	}
	ev := core.Event{Kind: kind, Key: key, Level: core.LevelMemory}
	if by != ownCall {
		ev.Detail = by.String()
	}
	if e != nil {
		ev.Age = max(l.clock.Now().Sub(e.Born()), 0)
	}
	l.events.Emit(ev)
}

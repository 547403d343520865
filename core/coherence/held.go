// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// learn asks for the marks of an entry that is held for fail-safe, if some are in
// doubt: it may have been removed.
func (l *Local) learn(ctx context.Context, held *core.Entry) {
	if held == nil || l.marks == nil {
		return
	}
	if m := held.Meta(); l.Standing(&m) == Unknown {
		l.marks.Learn(ctx, &m)
	}
}

// usable returns held, unless it is known by now to have been removed, or another node
// has told of a removal with one of its tags, or of everything, and nobody could be asked
// whether the value is from after that.
func (l *Local) usable(held *core.Entry) *core.Entry {
	if held == nil {
		return nil
	}
	if m := held.Meta(); l.Marked(m.Stamp) || l.marks.usable(&m) {
		return held
	}
	return nil
}

// justWritten reports whether m is of the last write of this node, so young that
// a write of another node that it has not heard of would not count yet, and which
// the distributed layer does not confirm because it has not got it: a node reads
// what it has just written, whatever is down. It does not if it was told of a
// removal of a tag meanwhile, which may have come later. An entry that is to be checked,
// as somebody has changed the key, is as old as its value.
func (l *Local) justWritten(key string, m *core.Meta, now core.Instant) bool {
	own, owes := l.debts.owes(key)
	since := m.Checked
	if since == unchecked {
		since = m.Born
	}
	return owes && own.Same(m.Version) && now.Sub(since) < l.pulse.degraded && (l.marks == nil || !l.marks.told(m))
}

// superseded notes that the distributed layer was seen to hold v under key instead
// of held. If held is the older, it is not served any more, even if the layer fails
// before it has given the newer one.
func (l *Local) superseded(key string, held *core.Entry, v core.Version) {
	defer l.lock(key).Unlock()
	if v.Compare(held.Version()) <= 0 || !l.Admits(key, v) {
		return
	}
	l.fences.raise(l.hash(key), v, l.clock.Now())
	if e, ok := l.memory.Get(key); ok && e.Version().Same(held.Version()) {
		l.expire(key, core.LevelDistributed)
	}
}

// survives returns held, unless the distributed layer was seen to have removed it: it
// has a tombstone that is not older. Memory forgets it then, too.
func (l *Local) survives(key string, held *core.Entry, seen *core.Seen) *core.Entry {
	if held == nil || seen == nil || held.Version().IsZero() {
		return held
	}
	h, err := core.ParseHeader(seen.Header)
	if err != nil || h.Kind != core.TombstoneWrite || h.Version.Compare(held.Version()) < 0 || !l.Admits(key, h.Version) {
		return held
	}
	l.Withdraw(key, held.Version())
	return nil
}

// plausible reports whether held is the answer though the distributed layer, which
// does not answer, should have been asked whether it still is: the node has heard
// all messages until a moment ago, or knew for certain then. It is not if another
// node has told of a change of its marks.
func (l *Local) plausible(key string, held *core.Entry) bool {
	now := l.clock.Now()
	if held == nil || held.State(now) != core.Fresh || !l.Admits(key, held.Version()) {
		return false
	}
	m := held.Meta()
	switch l.Standing(&m) {
	case Valid:
		return l.pulse.plausible(m.Checked, now)
	case Unknown:
		return l.pulse.recent(m.Checked, now) && !l.marks.told(&m)
	}
	return false
}

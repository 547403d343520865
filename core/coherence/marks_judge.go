// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

// Standing is how an entry stands to the present marks.
type Standing uint8

// The standings, from best to worst.
const (
	Valid    Standing = iota
	Unknown           // a mark has to be read first
	Outdated          // expired with a tag, or with everything: fail-safe can use it
	Revoked           // removed
)

// Judge compares an entry's generations with what is known, without asking
// anybody.
func (m *Marks) Judge(e *core.Meta) Standing {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.standing(e)
}

// standing is Judge for who holds the lock.
func (m *Marks) standing(e *core.Meta) Standing {
	s := stampOf(e)
	worst := m.judge("", s.Epoch)
	if mutation.On(mutation.NoEpoch) {
		worst = Valid
	}
	for i, t := range s.Tags {
		if !mutation.On(mutation.NoGeneration) {
			worst = max(worst, m.judge(t, s.Generation(i)))
		}
	}
	if worst == Outdated && e.Dead <= e.Stale {
		return Revoked // as an expiry of its key would leave nothing for fail-safe
	}
	return worst
}

func (m *Marks) judge(tag string, g core.Generation) Standing {
	k := m.known[tag]
	present := k.facing(g)
	switch {
	case present.IsZero():
		return Unknown
	case present.Hard != g.Hard:
		return Revoked // even if in doubt: a generation never comes back
	case present.Soft != g.Soft:
		return Outdated
	case k.doubted:
		return Unknown
	}
	return Valid
}

// facing returns the generation that one like g is compared with; zero if none is known.
func (k mark) facing(g core.Generation) core.Generation {
	if !k.own.IsZero() && g.Hard == k.own.Hard {
		return k.own
	}
	return k.gen
}

// told reports whether another node may have told of a change of one of e's marks
// since e was stored under them.
func (m *Marks) told(e *core.Meta) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heard(e.Stamp) > e.Stamp.Count()
}

// heard returns the last change of a mark of s that another node may have told of. The
// lock is held.
func (m *Marks) heard(s *core.Stamp) uint64 {
	heard := max(m.forgotten, m.known[""].heard)
	for _, t := range s.Names() {
		heard = max(heard, m.known[t].heard)
	}
	return heard
}

// usable reports whether an entry with e can stand in: it is not known to have been
// removed, and another node has told of no removal since nobody knows whether it is from
// after that.
func (m *Marks) usable(e *core.Meta) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.remains(e)
}

// remains is usable for who holds the lock.
func (m *Marks) remains(e *core.Meta) bool {
	s := m.standing(e)
	return s == Valid || s != Revoked && m.gone(e.Stamp) <= e.Stamp.Count()
}

// gone is heard of removals.
func (m *Marks) gone(s *core.Stamp) uint64 {
	gone := m.known[""].gone
	for _, t := range s.Names() {
		k, ok := m.known[t]
		if !ok {
			k.gone = m.forgotten // with whatever was heard of it
		}
		gone = max(gone, k.gone)
	}
	return gone
}

// throttled returns the stamp of e, a usable entry, for a throttle window that is opened
// now: the expiries that are known have had their effect, and do not end that window, too.
// ok is false if e is not usable.
func (m *Marks) throttled(e *core.Meta) (s *core.Stamp, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.remains(e) {
		return nil, false
	}
	s = stampOf(e)
	now := &core.Stamp{Tags: s.Tags, Epoch: m.softened("", s.Epoch), Marked: s.Marked}
	for i, g := range s.Generations {
		now.Generations = append(now.Generations, m.softened(s.Tags[i], g))
	}
	if heard := m.heard(s); heard > s.Marked {
		now.Marked = heard
		m.changes.CompareAndSwap(heard, heard+1) // at the present count it would be valid
	}
	return now, true
}

// softened returns g, a generation of tag, as it is after the expiries that are known.
func (m *Marks) softened(tag string, g core.Generation) core.Generation {
	if present := m.known[tag].facing(g); present.Hard == g.Hard {
		return present
	}
	return g
}

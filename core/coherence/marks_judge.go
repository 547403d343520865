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
	k, ok := m.known[tag]
	if !k.own.IsZero() && g.Hard == k.own.Hard {
		k.gen = k.own
	}
	switch {
	case !ok || k.gen.IsZero():
		return Unknown
	case k.gen.Hard != g.Hard:
		return Revoked // even if in doubt: a generation never comes back
	case k.gen.Soft != g.Soft:
		return Outdated
	case k.doubted:
		return Unknown
	}
	return Valid
}

// told reports whether another node may have told of a change of one of e's marks
// since e was stored under them.
func (m *Marks) told(e *core.Meta) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	heard := max(m.forgotten, m.known[""].heard)
	for _, t := range e.Stamp.Names() {
		heard = max(heard, m.known[t].heard)
	}
	return heard > e.Stamp.Count()
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"strings"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

var _ core.KeySubscriber = (*Receiver)(nil)

// Heed has the receiver heed changes of the keys with these prefixes. It belongs
// to set-up.
func (r *Receiver) Heed(p Prefixes) { r.prefixes = p }

// Changed implements core.KeySubscriber. An entry is not dropped, but checked
// before it is served again: the change may be that very entry on its way into
// the distributed layer.
func (r *Receiver) Changed(key string) {
	if r.prefixes.Entries == "" {
		return
	}
	if entry, ok := strings.CutPrefix(key, r.prefixes.Entries); ok {
		r.local.Doubt(entry)
	} else if tag, ok := strings.CutPrefix(key, r.prefixes.Marks); ok && r.local.marks != nil {
		r.local.marks.changed(tag)
	}
}

// Doubt has key's entry checked before it is served again. Flights under way must
// not store: they may have read what was there before.
func (l *Local) Doubt(key string) {
	defer l.lock(key).Unlock()
	l.invalidated(key, core.Version{})
	if e, ok := l.memory.Get(key); ok {
		m := e.Meta()
		m.Checked = unchecked
		l.amend(key, e.With(m))
	}
}

// echoTime is for how long after this node has drawn a mark its change is taken
// for that. Removals of other nodes do not depend on it: they come as messages,
// too.
const echoTime = time.Second

// changed notes that the mark of a tag was changed in the distributed layer, by
// whomever. One that is not known needs no doubt.
func (m *Marks) changed(tag string) {
	m.mu.Lock()
	k, ok := m.known[tag]
	m.mu.Unlock()
	own := k.drawn != 0 && m.clock.Now().Sub(k.drawn) < echoTime
	if ok && !own && m.shared != nil {
		m.Doubt(tag, true, core.Version{})
	}
}

// drew notes that this node has put the mark of a tag into the distributed layer.
func (m *Marks) drew(tag string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, ok := m.known[tag]; ok {
		k.drawn = m.clock.Now()
		m.known[tag] = k
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import "github.com/fusioncache-go/fusioncache/core"

// Doubt notes that another node has changed the mark of a tag, as version v; zero if
// that is not known. Unless it is soft, an expiry, it was a removal.
func (m *Marks) Doubt(tag string, soft bool, v core.Version) {
	if m.shared == nil {
		m.Renew(tag, soft)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.known[tag]
	if !ok {
		m.makeRoom()
	}
	k.doubted, k.touched = true, m.changes.Add(1)
	k.heard = k.touched
	if !soft {
		k.gone = k.touched
	}
	k.raise(v, m.clock.Now(), m.lag)
	m.known[tag] = k
}

// DoubtAll notes that messages may have been lost.
func (m *Marks) DoubtAll() {
	if m.shared == nil {
		return // the entries themselves are suspect, and nobody can clear them
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.relapse()
	change := m.changes.Add(1)
	for t, k := range m.known {
		k.doubted, k.touched = true, change
		m.known[t] = k
	}
}

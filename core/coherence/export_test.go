// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

// Lines returns how many keys have a line now.
func (o *Order) Lines() int {
	n := 0
	for i := range o.shards {
		s := &o.shards[i]
		s.mu.Lock()
		n += len(s.lines)
		s.mu.Unlock()
	}
	return n
}

// MaxMarks is how many tags a node remembers.
const MaxMarks = maxMarks

// Len returns how many tags are remembered.
func (m *Marks) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.known)
}

// Remembers reports whether a tag is.
func (m *Marks) Remembers(tag string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.known[tag]
	return ok
}

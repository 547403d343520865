// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// meet is Learn for an entry that was just read from the distributed layer: one under
// marks that are not those known here may be under newer ones, of which this node has
// not heard. It asks once more, for each mark ten times a second at the most.
func (m *Marks) meet(ctx context.Context, e *core.Meta) Standing {
	s := m.Learn(ctx, e)
	if s != Valid && s != Unknown && m.question(e) {
		s = m.Learn(ctx, e)
	}
	return s
}

// freshMark is the age up to which a mark is not questioned.
const freshMark = 100 * time.Millisecond

// question has those marks read again that e is not under and that were not read just
// now. It reports whether there are any.
func (m *Marks) question(e *core.Meta) (any bool) {
	if m.shared == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	doubt := func(tag string, g core.Generation) {
		k := m.known[tag]
		if _, owes := m.debts.owes(markKey(tag)); !owes && m.judge(tag, g) > Unknown && now.Sub(k.at) >= freshMark {
			k.doubted, any = true, true
			m.known[tag] = k
		}
	}
	s := stampOf(e)
	doubt("", s.Epoch)
	for i := range min(len(s.Tags), len(s.Generations)) {
		doubt(s.Tags[i], s.Generations[i])
	}
	return any
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"slices"

	"github.com/fusioncache-go/fusioncache/core"
)

// prefetch reads the marks of the whole cache and of the tags of entries at once,
// as far as each would have to be read. One that is not there, or not given, is
// left to be read by itself.
func (m *Marks) prefetch(ctx context.Context, entries []core.Meta) {
	if m.shared == nil {
		return
	}
	tags := []string{""}
	for i := range entries {
		tags = append(tags, entries[i].Tags...)
	}
	slices.Sort(tags)
	now, began := m.clock.Now(), m.changes.Load()
	tags = slices.DeleteFunc(slices.Compact(tags), func(tag string) bool { return !m.wanting(tag, now) })
	if len(tags) < 2 {
		return // no better than by itself
	}
	for i, g := range m.shared.readMarks(ctx, tags) {
		if !g.IsZero() {
			m.learn(tags[i], g, now, began)
		}
	}
}

// wanting reports whether a mark would be read from the distributed layer.
func (m *Marks) wanting(tag string, now core.Instant) bool {
	m.mu.Lock()
	sure := m.sure(tag, now)
	m.mu.Unlock()
	if sure {
		return false
	}
	_, owes := m.debts.owes(markKey(tag))
	return !owes
}

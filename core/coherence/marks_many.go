// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// prefetch reads the marks of the whole cache and of the tags of stamps at once,
// as far as each would have to be read. One that is not there, or not given, is
// left to be read by itself.
func (m *Marks) prefetch(ctx context.Context, stamps []*core.Stamp) {
	if m.shared == nil || len(stamps) == 0 {
		return
	}
	tags := []string{""}
	for _, s := range stamps {
		tags = append(tags, s.Names()...)
	}
	slices.Sort(tags)
	now, began := m.clock.Now(), m.changes.Load()
	tags = slices.DeleteFunc(slices.Compact(tags), func(tag string) bool { return !m.wanting(tag, now) })
	if len(tags) < 2 {
		return // no better than by itself
	}
	for i, p := range m.shared.readMarks(ctx, tags) {
		if !p.gen.IsZero() {
			_, _ = m.answered(tags[i], p, now, began) // what lags is left to be read by itself
		}
	}
}

// Expect reads the marks that loads of entries with these tags are going to need, in
// one go and within limit: each would do so by itself, and where there is no mark yet
// each would make one.
func (w *Writer) Expect(ctx context.Context, limit time.Duration, tags [][]string) {
	if w.Marks == nil || w.Shared == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stamps := make([]*core.Stamp, len(tags))
	for i := range tags {
		stamps[i] = &core.Stamp{Tags: tags[i]}
	}
	w.Marks.prefetch(ctx, stamps)
	all := slices.Concat(tags...)
	slices.Sort(all)
	w.Marks.Begin(ctx, slices.Compact(all))
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

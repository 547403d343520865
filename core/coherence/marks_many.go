// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"cmp"
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
	one := false // is prolonged, and no more: those of marks that were made together would hold up their reader
	for i, p := range m.shared.readMarks(ctx, tags) {
		if !p.gen.IsZero() {
			if !one && m.shared.halfOver(p) {
				one, p = true, m.shared.prolonged(ctx, tags[i], p)
			}
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
	_ = w.Marks.expect(ctx, slices.Concat(tags...))
}

// expect reads the marks of the whole cache and of tags, as far as each would have to be
// read: in one go those that are there, the others several at a time. It returns why one
// was not given. When ctx has ended it asks for no more.
func (m *Marks) expect(ctx context.Context, tags []string) error {
	m.prefetch(ctx, []*core.Stamp{{Tags: tags}})
	tags = append([]string{""}, tags...)
	slices.Sort(tags)
	tags = slices.Compact(tags)
	errs := make([]error, len(tags))
	together(len(tags), func(i int) {
		if errs[i] = ctx.Err(); errs[i] == nil {
			_, errs[i] = m.ask(ctx, tags[i])
		}
	})
	return cmp.Or(errs...)
}

// StampMany is [Writer.Stamp] for many entries that are to be written. They wait for the
// server once, and not longer than the longest of their timeouts.
func (w *Writer) StampMany(ctx context.Context, all []Writing) []*core.Stamp {
	stamps := make([]*core.Stamp, len(all))
	if w.Marks == nil {
		return stamps
	}
	var tags [][]string
	var limit time.Duration
	for _, one := range all {
		if o := one.Options; !o.BackgroundWrites {
			tags, limit = append(tags, o.Tags), max(limit, o.DistributedTimeout)
		}
	}
	if len(tags) > 0 {
		w.Expect(ctx, limit, tags)
	}
	for i, one := range all {
		stamps[i] = w.Marks.Recall(one.Options.Tags)
	}
	return stamps
}

// restampMany is restamp for the changes that are ready, all within the longest of their
// timeouts: they hold the turns of their keys.
func (w *Writer) restampMany(ctx context.Context, changes []*change, ready []int, failures []error) {
	var unsure []int
	var tags []string
	var limit time.Duration
	for _, i := range ready {
		if ch := changes[i]; ch.unsure {
			unsure, tags = append(unsure, i), append(tags, ch.options.Tags...)
			limit = max(limit, ch.options.DistributedTimeout)
		}
	}
	if len(unsure) == 0 {
		return
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := w.Marks.expect(within, tags)
	for _, i := range unsure {
		if ch := changes[i]; err != nil && !w.Marks.Sure(ch.options.Tags) {
			failures[i] = w.Shared.unsettled(ch.key, err)
		} else {
			failures[i] = w.restamp(within, ch)
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

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"slices"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

// Commit returns the stage that stores what the factory made on every level and
// tells the other nodes, as long as the flight's token is valid. It belongs
// inside the flight, so that it happens once, and after a soft timeout too; and
// outside of the factory's deadline, which must not cut it short. Whatever comes
// from inside of it is stored.
func Commit(w *Writer) core.Stage {
	return func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			begun := begin(ctx, w, r)
			r.Stamp = begun.stamp
			res, err := next(ctx, r)
			if err == nil && res.Entry != nil {
				var same core.Version
				res, same = renewed(r, res)
				w.commit(ctx, r, res, begun, same)
			}
			return res, err
		}
	}
}

// commit stores the result of a load, which is the value of the write same, if that is not
// zero.
func (w *Writer) commit(ctx context.Context, r core.Request, res core.Result, begun beginning, same core.Version) {
	if mutation.On(mutation.LateMarks) {
		begun = begin(ctx, w, r)
	}
	if res.Options != nil {
		r.Options = res.Options
		if !begun.adapt(ctx, w, r, res.Entry.Born()) {
			w.fenced(r.Key)
			return
		}
	}
	if r.Foreground && r.Options.BackgroundWrites {
		o := *r.Options
		o.BackgroundWrites = false
		r.Options = &o
	}
	w.fill(ctx, r, begun.mark(res.Entry), same)
}

// beginning is what a load must know before it begins: the marks that are
// present then. A removal by tag that comes later changes them, and so makes
// invalid what the load stores.
type beginning struct{ stamp *core.Stamp }

func begin(ctx context.Context, w *Writer, r core.Request) (b beginning) {
	if w.Marks == nil {
		return b
	}
	if w.Shared != nil {
		if r.Seen == nil && !r.Options.Skip.Has(core.SkipDistributedRead) {
			// The server was asked for the key just now and did not answer.
			b.stamp = w.Marks.Recall(r.Options.Tags)
			return b
		}
	}
	b.stamp = w.Marks.begin(ctx, r.Options.DistributedTimeout, r.Options.Tags)
	return b
}

func (b beginning) mark(e *core.Entry) *core.Entry {
	if b.stamp == nil {
		return e
	}
	return stamped(e, b.stamp)
}

// adapt makes b the beginning of a load that began at born and has named its tags at
// its end. It reports whether that can be: whether no entry with one of the tags
// may have been removed since.
func (b *beginning) adapt(ctx context.Context, w *Writer, r core.Request, born core.Instant) bool {
	tags := r.Options.Tags
	if w.Marks == nil || slices.Equal(tags, b.stamp.Tags) {
		return true
	}
	within, cancel := context.WithTimeout(ctx, r.Options.DistributedTimeout)
	defer cancel()
	gens := make([]core.Generation, len(tags))
	for i, t := range tags {
		if n := slices.Index(b.stamp.Tags, t); n >= 0 {
			gens[i] = b.stamp.Generation(n)
			continue
		}
		g, ok := w.Marks.late(within, t, b.stamp.Marked, born)
		if !ok {
			return false
		}
		gens[i] = g
	}
	b.stamp = &core.Stamp{Tags: slices.Clip(tags), Epoch: b.stamp.Epoch, Generations: gens, Marked: b.stamp.Marked}
	return true
}

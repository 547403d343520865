// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"

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
			res, err := next(ctx, r)
			if err != nil || res.Entry == nil {
				return res, err
			}
			if mutation.On(mutation.LateMarks) {
				begun = begin(ctx, w, r)
			}
			w.fill(ctx, r, begun.stamp(res.Entry))
			return res, nil
		}
	}
}

// beginning is what a load must know before it begins: the marks that are
// present then. A removal by tag that comes later changes them, and so makes
// invalid what the load stores.
type beginning struct {
	tags  []string
	epoch core.Generation
	gens  []core.Generation
	at    uint64
}

func begin(ctx context.Context, w *Writer, r core.Request) (b beginning) {
	if w.Marks == nil {
		return b
	}
	b.tags = r.Options.Tags
	if w.Shared != nil {
		if r.Seen == nil && !r.Options.Skip.Has(core.SkipDistributedRead) {
			// The server was asked for the key just now and did not answer.
			b.epoch, b.gens, b.at = w.Marks.Recall(b.tags)
			return b
		}
		within, cancel := context.WithTimeout(ctx, r.Options.DistributedTimeout)
		defer cancel()
		ctx = within
	}
	b.epoch, b.gens, b.at = w.Marks.Begin(ctx, b.tags)
	return b
}

func (b beginning) stamp(e *core.Entry) *core.Entry {
	if b.epoch.IsZero() {
		return e
	}
	return e.With(stamp(e.Meta(), b.tags, b.epoch, b.gens, b.at))
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Writing is one of many writes.
type Writing struct {
	Key     string
	Entry   *core.Entry // live; nil for a removal
	Options *core.EntryOptions
}

// Written is what became of one of many writes.
type Written struct {
	Outcome core.Outcome
	Err     error
}

// SetMany is Set for many keys, all different: memory changes key by key, the
// distributed layer with one call for all keys that no other write is under way for.
func (w *Writer) SetMany(ctx context.Context, all []Writing, c core.Codec) []Written {
	settings := make([]setting, len(all)) // a serializer that panics does so before anything is taken
	for i, one := range all {
		settings[i] = w.prepareSet(ctx, one.Key, one.Entry, c, one.Options)
	}
	changes := make([]change, len(all))
	for i, s := range settings {
		changes[i] = w.beginSet(s, c, all[i].Options)
	}
	return w.sendMany(ctx, changes)
}

// RemoveMany is Remove for many keys, all different, as SetMany is Set.
func (w *Writer) RemoveMany(ctx context.Context, all []Writing) []Written {
	changes := make([]change, len(all))
	for i, one := range all {
		changes[i] = w.beginRemove(one.Key, one.Options)
	}
	return w.sendMany(ctx, changes)
}

// sendMany is send for many changes. Those whose turn it is go together; only then
// the others, each when its turn comes: a turn is never held while another is waited
// for, so operations on the same keys cannot wait for each other in a circle.
func (w *Writer) sendMany(ctx context.Context, changes []change) []Written {
	out := make([]Written, len(changes))
	var ready, rest []int
	for i := range changes {
		ch := &changes[i]
		if ch.put != nil && ch.place.Ready() && !ch.options.BackgroundWrites {
			ready = append(ready, i)
		} else {
			rest = append(rest, i)
		}
	}
	w.applyMany(ctx, changes, ready, out)
	together(len(rest), func(n int) {
		i := rest[n]
		out[i].Outcome, out[i].Err = w.send(ctx, changes[i])
	})
	for i := range changes {
		out[i].Outcome, out[i].Err = changes[i].ended(out[i].Outcome, out[i].Err)
	}
	return out
}

// applyMany is apply for the changes that are ready, which have the turns of their
// keys, and passes these on.
func (w *Writer) applyMany(ctx context.Context, changes []change, ready []int, out []Written) {
	defer func() {
		for _, i := range ready {
			changes[i].place.Pass()
		}
	}()
	w.takeMany(ctx, changes, ready, out)
}

// applyTogether is apply for many changes of different keys, in one call of the
// distributed layer.
func (w *Writer) applyTogether(ctx context.Context, chs []*change) {
	changes, all := make([]change, len(chs)), make([]int, len(chs))
	for i, ch := range chs {
		changes[i], all[i] = *ch, i
	}
	w.takeMany(ctx, changes, all, make([]Written, len(chs)))
}

// takeMany takes the changes that are ready to the distributed layer and the other
// nodes.
func (w *Writer) takeMany(ctx context.Context, changes []change, ready []int, out []Written) {
	var puts []put
	var putting []int
	var limit time.Duration
	failures := make([]error, len(changes))
	rulings := make([]core.Ruling, len(changes))
	for _, i := range ready {
		ch := &changes[i]
		w.enclose(ch)
		if failures[i] = w.restamp(ctx, ch); failures[i] == nil {
			puts, putting = append(puts, ch.put(ch)), append(putting, i)
			limit = max(limit, ch.options.DistributedTimeout)
		}
	}
	if len(puts) > 0 {
		within, cancel := context.WithTimeout(ctx, limit)
		for n, ruled := range w.Shared.writeMany(within, puts) {
			i := putting[n]
			rulings[i], failures[i] = ruled.Ruling, ours(&changes[i], ruled.Ruling, ruled.Err)
		}
		cancel()
	}
	end := func(i int) {
		err := w.delivered(ctx, changes[i], rulings[i], failures[i])
		out[i].Outcome, out[i].Err = sent(changes[i], err)
	}
	var untold []int // they have another way to go
	for _, i := range ready {
		if changes[i].notify && !rulings[i].Told {
			untold = append(untold, i)
		} else {
			end(i)
		}
	}
	together(len(untold), func(n int) { end(untold[n]) })
}

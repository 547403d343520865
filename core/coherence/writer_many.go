// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"
	"sync"
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
		w.beginSet(&changes[i], s, c, all[i].Options)
	}
	return w.sendMany(ctx, pointers(changes))
}

// RemoveMany is Remove for many keys, all different, as SetMany is Set.
func (w *Writer) RemoveMany(ctx context.Context, all []Writing) []Written {
	changes := make([]change, len(all))
	for i, one := range all {
		w.beginRemove(&changes[i], one.Key, one.Options)
	}
	return w.sendMany(ctx, pointers(changes))
}

// pointers returns where changes are.
func pointers(changes []change) []*change {
	all := make([]*change, len(changes))
	for i := range changes {
		all[i] = &changes[i]
	}
	return all
}

// sendMany is send for many changes. Those whose turn it is go together, and meanwhile
// the others, each when its turn comes. Nobody waits for a turn who holds another, so
// operations on the same keys cannot wait for each other in a circle.
func (w *Writer) sendMany(ctx context.Context, changes []*change) []Written {
	out := make([]Written, len(changes))
	var ready, rest []int
	for i := range changes {
		ch := changes[i]
		if ch.place != nil && ch.place.Ready() && ch.joins() && !ch.options.BackgroundWrites {
			ready = append(ready, i)
		} else {
			rest = append(rest, i)
		}
	}
	var first sync.WaitGroup
	if len(rest) > 0 && len(ready) > 0 {
		first.Go(func() { w.applyMany(ctx, changes, ready, out) })
	} else if len(ready) > 0 {
		w.applyMany(ctx, changes, ready, out)
	}
	together(len(rest), func(n int) {
		i := rest[n]
		out[i].Outcome, out[i].Err = w.send(ctx, changes[i])
	})
	first.Wait()
	for i := range changes {
		out[i].Outcome, out[i].Err = changes[i].ended(out[i].Outcome, out[i].Err)
	}
	return out
}

// joins reports whether ch can go together with other changes.
func (ch *change) joins() bool { return ch.put != nil || ch.shared == nil }

// applyMany is apply for the changes that are ready, which have the turns of their
// keys, and passes these on.
func (w *Writer) applyMany(ctx context.Context, changes []*change, ready []int, out []Written) {
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
	all := make([]int, len(chs))
	for i := range all {
		all[i] = i
	}
	w.takeMany(ctx, chs, all, make([]Written, len(chs)))
}

// takeMany takes the changes that are ready to the distributed layer, and then tells
// the other nodes of all of them.
func (w *Writer) takeMany(ctx context.Context, changes []*change, ready []int, out []Written) {
	if len(ready) == 1 {
		i := ready[0]
		out[i].Outcome, out[i].Err = sent(changes[i], w.apply(ctx, changes[i]))
		return
	}
	rulings, failures := w.deliverMany(ctx, changes, ready)
	var untold []int
	for _, i := range ready {
		if w.landed(changes[i], rulings[i], failures[i]) {
			untold = append(untold, i)
		} else {
			out[i].Outcome, out[i].Err = sent(changes[i], failures[i])
		}
	}
	for n, err := range w.tellMany(ctx, changes, untold) {
		i := untold[n]
		w.remember(changes[i], failures[i], err)
		out[i].Outcome, out[i].Err = sent(changes[i], errors.Join(failures[i], err))
	}
}

// deliverMany is deliver for the changes that are ready. A message that went along
// with each write would save a round trip, and cost all nodes one message for each
// key: none does.
func (w *Writer) deliverMany(ctx context.Context, changes []*change, ready []int) ([]core.Ruling, []error) {
	var putting []int
	var limit time.Duration
	failures := make([]error, len(changes))
	rulings := make([]core.Ruling, len(changes))
	w.restampMany(ctx, changes, ready, failures)
	for _, i := range ready {
		ch := changes[i]
		if ch.shared == nil {
			rulings[i].Stored = true
		} else if failures[i] == nil {
			putting = append(putting, i)
			limit = max(limit, ch.options.DistributedTimeout)
		}
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	w.putMany(within, changes, putting, rulings, failures)
	return rulings, failures
}

// putMany makes the writes of the changes at these indexes; of those whose values the layer
// cannot hold, then, removals.
func (w *Writer) putMany(ctx context.Context, changes []*change, at []int, rulings []core.Ruling, failures []error) {
	if len(at) == 0 {
		return
	}
	puts := make([]put, len(at))
	for n, i := range at {
		puts[n] = changes[i].put(changes[i])
	}
	var unfit []int
	for n, ruled := range w.Shared.writeMany(ctx, puts) {
		i := at[n]
		rulings[i], failures[i] = ruled.Ruling, ours(changes[i], ruled.Ruling, ruled.Err)
		if w.unfit(changes[i], ruled.Err) {
			unfit = append(unfit, i)
		}
	}
	w.putMany(ctx, changes, unfit, rulings, failures)
}

// tellMany is tell for the changes at these indexes.
func (w *Writer) tellMany(ctx context.Context, changes []*change, at []int) []error {
	errs := make([]error, len(at))
	var all []telling
	var places []int // of all in errs
	var limit time.Duration
	for n, i := range at {
		if ch := changes[i]; ch.notify {
			all = append(all, w.telling(ch))
			places = append(places, n)
			limit = max(limit, ch.options.DistributedTimeout)
		}
	}
	if len(all) == 0 {
		return errs
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	for n, err := range w.Notifier.sendMany(within, all) {
		errs[places[n]] = err
	}
	return errs
}

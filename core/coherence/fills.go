// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// GatherFills returns a context for the loads of one call: what they store goes to the
// distributed layer together, as far as it comes while something of it is on its way.
// None waits for one that has not come. What a factory loads from another stack with its
// context is not among them.
func (w *Writer) GatherFills(ctx context.Context) context.Context {
	return context.WithValue(ctx, fillsKey{w}, new(fills))
}

type fillsKey struct{ writer *Writer }

// fills are the fills of one call. Whoever comes while nobody writes does so, for
// itself and then for those who have come meanwhile.
type fills struct {
	mu      sync.Mutex
	busy    bool
	waiting []*filling
}

// filling is a fill that has the turn of its key.
type filling struct {
	ch   *change
	err  error
	done chan struct{}
}

// take is Writer.apply for a fill.
func (f *fills) take(ctx context.Context, w *Writer, ch *change) error {
	mine := &filling{ch: ch, err: core.ErrGoexit, done: make(chan struct{})}
	f.mu.Lock()
	f.waiting = append(f.waiting, mine)
	wait := f.busy
	f.busy = true
	f.mu.Unlock()
	if wait {
		<-mine.done // it does not take longer than its own write would, and one more
		return mine.err
	}
	f.lead(context.WithoutCancel(ctx), w)
	return mine.err
}

// lead writes until nobody waits. A layer that panics does not leave anybody waiting.
func (f *fills) lead(ctx context.Context, w *Writer) {
	ended := false
	defer func() {
		if ended {
			return // and somebody else may lead by now
		}
		for _, one := range f.gather(false) {
			close(one.done)
		}
	}()
	for all := f.gather(true); len(all) > 0; all = f.gather(true) {
		f.write(ctx, w, all)
	}
	ended = true
}

// gather takes out those who wait. While there are some, and goOn, the caller leads.
func (f *fills) gather(goOn bool) []*filling {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.waiting
	f.waiting, f.busy = nil, goOn && len(all) > 0
	return all
}

func (f *fills) write(ctx context.Context, w *Writer, all []*filling) {
	defer func() {
		for _, one := range all {
			close(one.done)
		}
	}()
	w.fillMany(ctx, all)
}

// fillMany is apply for many fills.
func (w *Writer) fillMany(ctx context.Context, all []*filling) {
	changes, ready := make([]*change, len(all)), []int(nil)
	out := make([]Written, len(all))
	for i, one := range all {
		changes[i], one.err = one.ch, nil
		if valid(one.ch.token) {
			ready = append(ready, i)
		} else {
			w.overtaken(one.ch)
		}
	}
	w.takeMany(ctx, changes, ready, out)
	for i, one := range all {
		one.err = out[i].Err
	}
}

// applyFill is apply, together with the other fills of the call if there are some.
func (w *Writer) applyFill(ctx context.Context, ch *change) error {
	if f, ok := ctx.Value(fillsKey{w}).(*fills); ok && w.Shared.batches() {
		return f.take(ctx, w, ch)
	}
	return w.apply(ctx, ch)
}

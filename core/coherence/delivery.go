// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// send takes a change to the distributed layer and the other nodes when it is
// its key's turn.
func (w *Writer) send(ctx context.Context, ch *change) (outcome core.Outcome, err error) {
	if ch.shared == nil && !ch.notify {
		return core.Committed, nil
	}
	if ch.place == nil {
		w.enter(ch)
	}
	if ch.options.BackgroundWrites {
		o := *ch.options // the caller's may be gone by then
		ch.options = &o
		if ch.token == nil && ch.shared != nil && w.Recovery != nil {
			w.Recovery.begin(ch.key, ch.version)
		}
		return core.LocalOnly, ch.place.begin(context.WithoutCancel(ctx), w.job(ch))
	}
	apply := w.apply
	if ch.token != nil {
		apply = w.applyFill
	}
	var failed error
	err = ch.place.Do(ctx, func(ctx context.Context) { failed = apply(ctx, ch) })
	if err != nil && ch.token == nil {
		w.remember(ch, err, err) // the caller had no patience to wait for the turn
	}
	return sent(ch, errors.Join(err, failed))
}

// job is the work of a change, for the background. A write that is stored whatever
// is there can go together with others, if the layer takes many at once or is left out.
func (w *Writer) job(ch *change) job {
	j := job{alone: func(ctx context.Context) { _ = w.apply(ctx, ch) }}
	if ch.token == nil && ch.joins() && (ch.shared == nil || w.Shared.batches()) {
		j.change, j.together = ch, w.applyTogether
	}
	return j
}

// sent returns how far a change has come that waited for nothing but err.
func sent(ch *change, err error) (core.Outcome, error) {
	if err == nil {
		return core.Committed, nil
	}
	if !ch.options.ReturnLayerErrors {
		err = nil
	}
	return core.LocalOnly, err
}

// apply does the work of a change. It has the turn of its key, so a fill that
// finds its token valid here is ahead of every write that revokes it later.
func (w *Writer) apply(ctx context.Context, ch *change) error {
	if !valid(ch.token) {
		w.overtaken(ch)
		return nil
	}
	if mutation.On(mutation.EarlyMessage) {
		_ = w.tell(ctx, ch)
		ch.notify = false
	}
	w.enclose(ch)
	ruling, failed := w.deliver(ctx, ch)
	return w.delivered(ctx, ch, ruling, failed)
}

// enclose has the message of ch go along with its write, if it can. Then nobody knows
// yet as which version that arrives: where the layer lags, readers have to be told.
func (w *Writer) enclose(ch *change) {
	if ch.notify && ch.forced && w.Shared.arbiter != nil && w.Local.pulse.lag == 0 {
		var goes bool
		if ch.message, ch.number, goes = w.Notifier.notice(w.telling(ch)); goes {
			ch.notice = &ch.message
		}
	}
}

// delivered does what follows when a change has been taken to the distributed layer.
func (w *Writer) delivered(ctx context.Context, ch *change, ruling core.Ruling, failed error) error {
	if !w.landed(ch, ruling, failed) {
		return failed
	}
	untold := w.tell(ctx, ch)
	w.remember(ch, failed, untold)
	return errors.Join(failed, untold)
}

// landed brings memory in line with what became of a change in the distributed layer,
// and reports whether the change counts: whether the other nodes are to be told.
func (w *Writer) landed(ch *change, ruling core.Ruling, failed error) bool {
	if ruling.Told {
		w.Notifier.sent(ch.kind, ch.key)
		ch.notify = false
	}
	if ch.token != nil && (failed != nil || !ruling.Stored) {
		w.unfilled(ch, ruling, failed)
		return false
	}
	if failed != nil {
		w.bare(ch)
	} else if ruling.Stored && ch.shared != nil && ch.arrived.IsZero() {
		ch.arrived = ruling.Header.Version
		w.Local.arrived(ch.key, ch.arrived)
	}
	// A load that memory was not to hold is newer than what it holds.
	if (ch.token == nil || ch.options.Skip.Has(core.SkipMemoryWrite)) && ch.shared != nil && failed == nil {
		w.Local.Landed(ch.key, ch.version, ruling.Header.Version, ch.kind == wire.MessageRemove)
	}
	return true
}

// deliver takes a change to the distributed layer.
func (w *Writer) deliver(ctx context.Context, ch *change) (core.Ruling, error) {
	if ch.shared == nil {
		return core.Ruling{Stored: true}, nil
	}
	if err := w.restamp(ctx, ch); err != nil {
		return core.Ruling{}, err
	}
	within := w.Shared.timers.Within(ctx, ch.options.DistributedTimeout)
	defer within.End()
	ruling, err := ch.shared(within.Context, w, ch)
	if w.unfit(ch, err) {
		ruling, err = ch.shared(within.Context, w, ch)
	}
	return ruling, ours(ch, ruling, err)
}

// unfit makes ch a removal if the layer cannot hold its value, as one that cannot be
// encoded is: what the layer holds is obsolete.
func (w *Writer) unfit(ch *change, err error) bool {
	if ch.codec == nil || !errors.Is(err, core.ErrTooLarge) {
		return false
	}
	if !ch.options.BackgroundWrites { // or else nobody waits to be told
		ch.broken, ch.served = err, !ch.options.Skip.Has(core.SkipMemoryWrite)
	}
	ch.codec, ch.payload = nil, nil
	w.bare(ch)
	w.removes(ch)
	return true
}

// restamp gives a set the marks of the server, if it may have others.
func (w *Writer) restamp(ctx context.Context, ch *change) error {
	if !ch.unsure {
		return nil
	}
	m, err := w.settled(ctx, ch.meta, ch.options.DistributedTimeout)
	if err != nil {
		return w.Shared.unsettled(ch.key, err)
	}
	ch.meta = m
	w.Local.Restamp(ch.key, m)
	return nil
}

// ours returns err, or that the place is not ours: then what the caller wants there
// is not there.
func ours(ch *change, ruling core.Ruling, err error) error {
	if err == nil && ruling.Foreign && ch.token == nil {
		err = &core.LayerError{Level: core.LevelDistributed, Op: core.OpSet, Key: ch.key, Err: core.ErrForeign}
	}
	return err
}

// overtaken deals with a fill whose right to store was revoked when memory had its
// value already: other nodes will not have it, so this one must not go on with it.
func (w *Writer) overtaken(ch *change) {
	w.Local.Drop(ch.key, ch.version)
	w.fenced(ch.key)
}

// unfilled deals with a fill that failed or was refused. Nobody is to be told:
// what was there before is as good.
func (w *Writer) unfilled(ch *change, ruling core.Ruling, failed error) {
	switch {
	case failed == nil && ruling.Header.Kind == core.TombstoneWrite:
		w.Local.Withdraw(ch.key, ch.version) // it was removed since the load began
		w.fenced(ch.key)
	case failed == nil || !w.Local.Admits(ch.key, ch.version):
		w.overtaken(ch) // somebody has written since the load began: that is the value
	}
}

// tell notifies the other nodes. Even a write that failed may have been applied,
// and memory holds the new value: the others must not keep the old one.
func (w *Writer) tell(ctx context.Context, ch *change) error {
	if !ch.notify {
		return nil
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), ch.options.DistributedTimeout)
	defer cancel()
	if ch.notice != nil {
		err := w.Notifier.publish(within, ch.key, ch.notice.Message)
		if err == nil {
			w.Notifier.sent(ch.kind, ch.key)
		}
		return err
	}
	return w.Notifier.send(within, w.telling(ch))
}

// remember keeps what did not get through for later, or forgets what an earlier
// write of the key still owed.
func (w *Writer) remember(ch *change, failed, untold error) {
	switch {
	case w.Recovery == nil:
	case failed == nil && untold == nil:
		w.Recovery.settle(ch.key, ch.version, ch.shared != nil)
	default:
		w.Recovery.owe(&debt{
			key: ch.key, kind: ch.kind, version: ch.version, arrived: ch.arrived, meta: ch.meta, codec: ch.codec,
			told: failed == nil || ch.shared == nil, aside: ch.shared == nil,
		})
		if failed != nil {
			w.Local.Landed(ch.key, ch.version, core.Version{}, ch.kind == wire.MessageRemove)
		}
	}
}

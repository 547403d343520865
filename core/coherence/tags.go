// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// markKey stands for a tag among the keys of the queue and the order of writes.
// No entry has such a key: views' names have no NUL.
func markKey(tag string) string { return "\x00" + tag }

// Renew removes all entries with a tag, or everything if tag is empty, on every
// level and node; soft expires them instead. It takes no longer for a million
// entries than for one.
func (w *Writer) Renew(ctx context.Context, tag string, soft bool, o *core.EntryOptions) (core.Outcome, error) {
	ch := new(change)
	w.change(ch, markKey(tag), markMessage(tag, soft), o)
	ch.version = w.version()
	if w.shares(o) && w.Recovery != nil {
		w.Recovery.begin(ch.key, ch.version) // what the server holds does not count until it has this
	}
	d := w.Marks.renew(tag, soft)
	w.invalidated(tag, soft)
	if tag == "" && !soft {
		w.Local.Clear()
	} else {
		w.Local.revokeAll()
	}
	if w.shares(o) {
		ch.shared = func(ctx context.Context, _ *Writer, ch *change) (_ core.Ruling, err error) {
			if soft && w.Recovery.lags(ch.key, ch.version) { // what the server lacks may have been a removal
				v := w.Versions.Next()
				ch.arrived, err = w.spread(ctx, tag, false, w.Marks.renew(tag, false), v)
			} else {
				ch.arrived, err = w.spread(ctx, tag, soft, d, ch.version)
			}
			return core.Ruling{Stored: true}, err
		}
	}
	return w.send(ctx, ch)
}

// invalidated tells listeners of a removal, or an expiry, of a tag or of everything.
func (w *Writer) invalidated(tag string, soft bool) {
	ev := core.Event{Kind: core.TagInvalidated, Key: tag, Op: core.OpRemove}
	if tag == "" {
		ev.Kind = core.Cleared
	}
	if soft {
		ev.Op = core.OpExpire
	}
	w.Events.Emit(ev)
}

func markMessage(tag string, soft bool) wire.MessageKind {
	switch {
	case tag == "" && soft:
		return wire.MessageClearedSoft
	case tag == "":
		return wire.MessageCleared
	case soft:
		return wire.MessageTagExpired
	}
	return wire.MessageTagRemoved
}

// redrawn is a mark that is drawn for a debt.
type redrawn struct {
	drawn
	version core.Version // when it was drawn
}

// repayMark makes good the debt of a mark with a generation drawn anew: that
// invalidates a little more, and never less. If the server does not answer, it is
// tried with the same again: or else the node would lose at each try, through the
// whole of an outage, what it has loaded since the last.
func (w *Writer) repayMark(ctx context.Context, d debt) error {
	tag, soft := d.key[1:], !removal(d.says)
	v := d.version
	if !d.told && w.Shared != nil {
		if !w.Marks.holds(tag, d.mark.drawn) {
			d.mark = redrawn{version: w.Versions.Next()}
			d.mark.drawn = w.Marks.renew(tag, soft)
			w.Recovery.tried(d, d.mark)
		}
		var err error
		if v, err = w.spread(ctx, tag, soft, d.mark.drawn, d.mark.version); err != nil {
			return err
		}
	}
	return w.announce(ctx, d.says, d.key, v)
}

// invalidateAll makes good the debts that were too many to keep.
func (w *Writer) invalidateAll(ctx context.Context) error {
	if w.Marks == nil {
		return errors.New("writes were lost, and there are no marks to invalidate everything with")
	}
	o := core.EntryOptions{}.WithDefaults()
	o.ReturnLayerErrors = true
	_, err := w.Renew(ctx, "", false, &o)
	return err
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Recover makes good, until ctx ends, what failed writes have left undone.
func (w *Writer) Recover(ctx context.Context) {
	w.Recovery.Run(ctx, w.replay, w.invalidateAll)
}

// Flush tries once more, before the end.
func (w *Writer) Flush(ctx context.Context) error {
	return w.Recovery.Flush(ctx, w.replay, w.invalidateAll)
}

// replay makes one debt good, in its key's turn.
func (w *Writer) replay(ctx context.Context, d debt) error {
	var failed error
	err := w.Order.Do(ctx, d.key, func(ctx context.Context) {
		if now, ok := w.Recovery.current(d.key); !ok || !now.Same(d.version) {
			return // a later write of the key has taken its place
		}
		within, cancel := context.WithTimeout(ctx, core.DefaultDistributedTimeout)
		defer cancel()
		failed = w.repay(within, d)
	})
	if err != nil {
		return err
	}
	return failed
}

func (w *Writer) repay(ctx context.Context, d debt) error {
	if d.key[0] == 0 {
		return w.repayMark(ctx, d)
	}
	if d.told || w.Shared == nil {
		v := d.version
		if !d.arrived.IsZero() {
			v = d.arrived
		}
		return w.announce(ctx, d.says, d.key, v)
	}
	if d.codec != nil {
		m, err := w.settled(ctx, d.meta, core.DefaultDistributedTimeout)
		if err != nil {
			return err
		}
		d.meta = m
		w.Local.Restamp(d.key, m)
	}
	ruling, err := w.Shared.Replay(ctx, w.asWrite(d))
	switch {
	case err != nil:
		return err
	case ruling.Foreign:
		return w.obstructed(d)
	case !ruling.Stored:
		// Somebody has written later: this node's value was never the last.
		w.Local.Drop(d.key, d.version)
		w.Events.Emit(core.Event{Kind: core.ReplayDropped, Key: d.key, Op: opOf(d.kind)})
		return nil
	case ruling.Header.Kind == core.TombstoneWrite:
		w.Local.removed(d.key, ruling.Header.Version, core.LevelDistributed)
		w.Events.Emit(core.Event{Kind: core.ReplayDropped, Key: d.key, Op: opOf(d.kind)})
		return w.announce(ctx, wire.MessageRemove, d.key, ruling.Header.Version)
	}
	w.Events.Emit(core.Event{Kind: core.Replayed, Key: d.key, Op: opOf(d.kind)})
	return w.announce(ctx, d.says, d.key, ruling.Header.Version)
}

// obstructed deals with a debt whose place somebody else's data have taken. They are not
// ours to touch, but may go; what another node owes for the key from before must not
// come through then. So the debt stays for as long as a fence would.
func (w *Writer) obstructed(d debt) error {
	if w.Clock.Now().Sub(d.since) >= fenceLife {
		return nil
	}
	return &core.LayerError{Level: core.LevelDistributed, Op: opOf(d.kind), Key: d.key, Err: core.ErrForeign}
}

// asWrite makes the write of a debt: of the value, if memory still has it, else
// of a tombstone.
func (w *Writer) asWrite(d debt) put {
	gone := put{key: d.key, mode: core.Replay, kind: core.TombstoneWrite, meta: core.Meta{Version: d.version}}
	if d.kind != wire.MessageSet || d.codec == nil {
		return gone
	}
	e, ok := w.Local.Get(d.key)
	if !ok || !e.Version().Same(d.version) {
		return gone
	}
	payload := e.Payload()
	if payload == nil {
		var err error
		if payload, err = d.codec.Encode(nil, e); err != nil {
			return gone
		}
	}
	return put{key: d.key, mode: core.Replay, kind: core.ValueWrite, meta: d.meta, payload: payload}
}

func (w *Writer) announce(ctx context.Context, kind wire.MessageKind, key string, v core.Version) error {
	if w.Notifier == nil {
		return nil
	}
	return w.Notifier.Send(ctx, kind, key, v)
}

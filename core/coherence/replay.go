// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Recover makes good, until ctx ends, what failed writes have left undone.
func (w *Writer) Recover(ctx context.Context) {
	w.Recovery.Run(ctx, w.replayMany, w.invalidateAll)
}

// Flush tries once more, before the end.
func (w *Writer) Flush(ctx context.Context) error {
	return w.Recovery.Flush(ctx, w.replayMany, w.invalidateAll)
}

// replay makes one debt good, in its key's turn.
func (w *Writer) replay(ctx context.Context, d debt) error {
	var failed error
	err := w.Order.Do(ctx, d.key, func(ctx context.Context) {
		if !w.Recovery.still(d) {
			return
		}
		within, cancel := context.WithTimeout(ctx, w.Recovery.options.Timeout)
		defer cancel()
		failed = w.repay(within, d)
	})
	if err != nil {
		return err
	}
	return failed
}

// repay makes d good alone; it has the turn of its key.
func (w *Writer) repay(ctx context.Context, d debt) error {
	if d.key[0] == 0 {
		return w.repayMark(ctx, d)
	}
	if d.told || w.Shared == nil {
		return w.announce(ctx, d.says, d.key, d.stands())
	}
	p, err := w.asWrite(ctx, d)
	if err != nil {
		return err
	}
	ruling, err := w.Shared.Replay(ctx, p)
	news, tell, err := w.replayed(d, ruling, err)
	if err != nil || !tell {
		return err
	}
	return w.announce(ctx, news.kind, news.key, news.version)
}

// replayed does what follows from what the layer has decided on d, and returns what the
// other nodes are to be told of it.
func (w *Writer) replayed(d debt, ruling core.Ruling, err error) (news telling, tell bool, _ error) {
	same := ruling.Header.Version.Same(d.version)
	switch {
	case errors.Is(err, core.ErrTooLarge):
		w.Recovery.strip(d)
		return telling{}, false, err
	case err != nil:
		return telling{}, false, err
	case ruling.Foreign:
		return telling{}, false, w.obstructed(d)
	case !ruling.Stored:
		// Somebody has written later: this node's value was never the last.
		w.Local.Drop(d.key, d.version)
		w.Events.Emit(core.Event{Kind: core.ReplayDropped, Key: d.key, Op: opOf(d.kind)})
		return telling{}, false, nil
	case ruling.Header.Kind == core.TombstoneWrite && (!same || d.kind == wire.MessageSet):
		if !same { // it is that of a doubt
			w.Local.removed(d.key, ruling.Header.Version, core.LevelDistributed)
		}
		w.Events.Emit(core.Event{Kind: core.ReplayDropped, Key: d.key, Op: opOf(d.kind)})
		return telling{kind: wire.MessageRemove, key: d.key, version: ruling.Header.Version}, true, nil
	}
	w.Events.Emit(core.Event{Kind: core.Replayed, Key: d.key, Op: opOf(d.kind)})
	return telling{kind: d.says, key: d.key, version: ruling.Header.Version}, true, nil
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

// asWrite makes the write of a debt, whose marks the server has been asked for if it is
// that of a value.
func (w *Writer) asWrite(ctx context.Context, d debt) (put, error) {
	if d.codec != nil {
		m, err := w.settled(ctx, d.meta, w.Recovery.options.Timeout)
		if err != nil {
			return put{}, err
		}
		d.meta = m
		w.Local.Restamp(d.key, m)
	}
	return w.fromMemory(d), nil
}

// fromMemory makes the write of the value that d was about, if memory still has it, else
// of a tombstone.
func (w *Writer) fromMemory(d debt) put {
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

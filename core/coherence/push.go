// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// maxPush is the largest value, framed, that goes along with a message.
const maxPush = 32 << 10

// pushing is what goes along with the message of a set.
type pushing struct {
	payload []byte
	meta    core.Meta    // as in the memory of the sender
	same    core.Version // instead of a payload: the write that had the same value
}

// pushes has the value of ch go along with its message, if the options say so.
func (w *Writer) pushes(ch *change, m core.Meta, payload []byte) {
	if ch.options.Push && ch.notify && w.Shared != nil && w.Notifier.seal != nil && len(payload) > 0 {
		ch.push = pushing{payload: payload, meta: m}
	}
}

// telling returns what the other nodes are to be told of ch.
func (w *Writer) telling(ch *change) telling {
	t := telling{kind: w.Recovery.heavier(ch.key, ch.kind), key: ch.key, version: ch.version}
	if !ch.arrived.IsZero() {
		t.version = ch.arrived // which fences off what was there before, whatever the clocks
	}
	if t.kind != wire.MessageSet {
		return t
	}
	if !ch.push.same.IsZero() {
		t.kind, t.value = wire.MessageExtend, w.extension(ch)
	} else if t.value = w.pushed(ch); t.value != "" {
		t.kind = wire.MessagePush
	}
	return t
}

// pushed returns the value that goes along with the message of ch; empty for none.
func (w *Writer) pushed(ch *change) string {
	if ch.push.payload == nil || len(ch.push.payload) > maxPush {
		return ""
	}
	m := ch.push.meta
	m.Version = ch.version
	frame, _ := w.Shared.frame(put{key: ch.key, kind: core.ValueWrite, meta: m, payload: ch.push.payload})
	if len(frame.Data) > maxPush {
		return ""
	}
	return string(frame.Data)
}

// bare takes the value out of the message of a set that failed. No server has put that
// write in order with others, and between two clocks a version does not: it may be
// older than what its receiver has written, or removed, meanwhile.
func (w *Writer) bare(ch *change) {
	if ch.push.payload == nil {
		return
	}
	ch.push = pushing{}
	if ch.notice != nil {
		// Who has given up a call of the layer may have left it the first one.
		ch.notice = &core.Notice{Outlet: ch.notice.Outlet, Message: w.Notifier.numbered(w.telling(ch), ch.number)}
	}
}

// Accept has the receiver keep values that come with messages, for keys that
// memory holds. It belongs to set-up.
func (r *Receiver) Accept(s *Shared) { r.shared = s }

// push applies a set whose value is in the message. A value is taken from
// authentic messages only, and checked before it is served: the distributed layer
// is asked for its header.
func (r *Receiver) push(m wire.Message) {
	_, held := r.local.Get(m.Key)
	r.local.Invalidate(m.Key, m.Version)
	if !held || r.shared == nil || r.notifier.seal == nil || m.Version.IsZero() {
		return
	}
	frame, err := r.shared.format.Parse(r.shared.prefix+m.Key, []byte(m.Value), r.shared.clock.Offset())
	if err != nil || !frame.Header.Same(m.Version) || frame.Header.Kind == core.TombstoneWrite {
		r.events.Emit(core.Event{Kind: core.MessageRejected, Key: m.Key, Level: core.LevelBackplane, Err: err})
		return
	}
	frame.Meta.Version, frame.Meta.Checked = m.Version, unchecked
	r.local.receive(m.Key, core.Encoded(frame.Payload, frame.Meta))
}

// receive stores what came with a message, unless something newer is known, or it is
// there. It is not trusted before it has been checked.
func (l *Local) receive(key string, e *core.Entry) {
	defer l.lock(key).Unlock()
	now, ok := l.memory.Get(key)
	if ok && now.Version().Same(e.Version()) || !l.Admits(key, e.Version()) {
		return
	}
	l.put(key, e, core.LevelBackplane)
}

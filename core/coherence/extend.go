// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// When a source says that a value has not been modified, the refresh is a write with
// the value of an earlier one. Nodes that hold that one need not read it again: the
// message tells them which it was, and the new life. It needs seals: who is not
// authenticated may end the life of what a node holds, not prolong it.
//
// A message that comes late, or again, does no harm. What is extended is held under the
// earlier version, no message has said since that it is obsolete, and none can have been
// missed since it was checked; and it does not count as checked now. So nothing is served
// that would not be if its life had been longer to begin with.

// renewed returns res without the version of its entry, and that version: a factory
// that gives its entry the version of the one held says that the value is the same.
func renewed(r core.Request, res core.Result) (core.Result, core.Version) {
	same := res.Entry.Version()
	if same.IsZero() || r.Held == nil || !r.Held.Version().Same(same) {
		return res, core.Version{}
	}
	m := res.Entry.Meta()
	m.Version = core.Version{}
	res.Entry = res.Entry.With(m)
	return res, same
}

// extends has ch tell that its value is that of the write same, with another life.
func (w *Writer) extends(ch *change, same core.Version, m core.Meta) {
	if !same.IsZero() && ch.notify && w.Notifier.seal != nil {
		ch.push = pushing{meta: m, same: same}
	}
}

// extension returns what goes along with the message of ch: the ordering header of the
// write whose value it has, and a frame without a value.
func (w *Writer) extension(ch *change) string {
	m := ch.push.meta
	m.Version = ch.version
	frame, _ := w.Shared.frame(put{key: ch.key, kind: core.ValueWrite, meta: m})
	same := core.AppendHeader(nil, core.Header{Version: ch.push.same, Kind: core.ValueWrite})
	return string(append(same, frame.Data...))
}

var errExtension = errors.New("not the life of an entry")

// extend applies a write with the value of an earlier one.
func (r *Receiver) extend(m wire.Message) {
	same, life, err := r.life(m)
	if err != nil {
		r.local.Invalidate(m.Key, m.Version)
		if !errors.Is(err, errUntold) {
			r.events.Emit(core.Event{Kind: core.MessageRejected, Key: m.Key, Level: core.LevelBackplane, Err: err})
		}
		return
	}
	r.local.Extend(m.Key, same, life)
}

var errUntold = errors.New("message does not count as more than a set")

// life reads what came with an extension.
func (r *Receiver) life(m wire.Message) (same core.Version, life core.Meta, err error) {
	if r.shared == nil || r.notifier.seal == nil || m.Version.IsZero() {
		return same, life, errUntold
	}
	h, err := core.ParseHeader([]byte(m.Value))
	if err != nil {
		return same, life, err
	}
	frame, err := r.shared.format.Parse(r.shared.prefix+m.Key, []byte(m.Value[core.HeaderSize:]), r.shared.clock.Offset())
	if err == nil && (!frame.Header.Same(m.Version) || frame.Header.Kind == core.TombstoneWrite || len(frame.Payload) > 0) {
		err = errExtension
	}
	frame.Meta.Version = m.Version
	return h.Version, frame.Meta, err
}

// Extend is Invalidate for a write of another node that has the value of the write same,
// and the life in m: an entry that is the write same becomes the new one. It does not if
// it was invalidated since, or may have been.
func (l *Local) Extend(key string, same core.Version, m core.Meta) {
	defer l.lock(key).Unlock()
	now := l.clock.Now()
	admitted := l.Admits(key, m.Version)
	l.invalidated(key, m.Version)
	e, ok := l.memory.Get(key)
	switch {
	case !ok || e.Version().Same(m.Version):
	case mutation.On(mutation.BlindLife):
		l.put(key, e.Copy(longer(e.Meta(), m)), core.LevelBackplane)
	case admitted && e.Version().Same(same) && e.Checked() != unchecked && l.Trusted(e.Checked(), now) && m.State(now) == core.Fresh:
		l.put(key, e.Copy(longer(e.Meta(), m)), core.LevelBackplane)
	default:
		l.expire(key, core.LevelBackplane)
	}
}

// longer returns what is held, with the version and life of m.
func longer(held, m core.Meta) core.Meta {
	m.Checked = held.Checked
	if held.Extra != nil {
		m.Extra = held.Extra.Prolonged(m.Extra, m.Stale.Sub(held.Stale))
	}
	return m
}

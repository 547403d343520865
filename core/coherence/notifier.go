// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Notifier tells the other nodes what changed. Safe for concurrent use.
type Notifier struct {
	backplane core.Backplane
	node      wire.NodeID
	seq       atomic.Uint64
	events    *core.Events
	beats     [8]beat // the last heartbeats, by seq
}

// beat is a heartbeat under way.
type beat struct{ seq, at atomic.Int64 }

// NewNotifier returns the notifier of a node. events may be nil.
func NewNotifier(b core.Backplane, node wire.NodeID, events *core.Events) *Notifier {
	return &Notifier{backplane: b, node: node, events: events}
}

// Send publishes that key was written, removed or expired as v.
func (n *Notifier) Send(ctx context.Context, kind wire.MessageKind, key string, v core.Version) error {
	if key != "" && key[0] == 0 {
		key = key[1:] // a tag
	}
	m := wire.Message{Kind: kind, Node: n.node, Seq: n.seq.Add(1), Version: v, Key: key}
	err := n.backplane.Publish(ctx, wire.AppendMessage(nil, m))
	if err == nil {
		return nil
	}
	n.events.Emit(core.Event{Kind: core.LayerFailed, Key: key, Level: core.LevelBackplane, Op: core.OpPublish, Err: err})
	return &core.LayerError{Level: core.LevelBackplane, Op: core.OpPublish, Key: key, Err: err}
}

// beat says that the node lives.
func (n *Notifier) beat(ctx context.Context, now core.Instant) error {
	m := wire.Message{Kind: wire.MessageHeartbeat, Node: n.node, Seq: n.seq.Add(1)}
	b := &n.beats[m.Seq%uint64(len(n.beats))]
	b.seq.Store(0)
	b.at.Store(int64(now))
	b.seq.Store(int64(m.Seq))
	return n.backplane.Publish(ctx, wire.AppendMessage(nil, m))
}

// sentAt returns when the heartbeat seq was sent, if it is one of the last.
func (n *Notifier) sentAt(seq uint64) (core.Instant, bool) {
	b := &n.beats[seq%uint64(len(n.beats))]
	at := b.at.Load()
	return core.Instant(at), uint64(b.seq.Load()) == seq
}

// Goodbye tells the other nodes not to wait for this one.
func (n *Notifier) Goodbye(ctx context.Context) error {
	m := wire.Message{Kind: wire.MessageGoodbye, Node: n.node, Seq: n.seq.Add(1)}
	return n.backplane.Publish(ctx, wire.AppendMessage(nil, m))
}

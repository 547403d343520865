// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Notifier tells the other nodes what changed. Safe for concurrent use.
type Notifier struct {
	backplane core.Backplane
	outlet    core.Outlet // where a distributed layer may publish for it
	seal      *wire.Seal  // nil: messages are not authenticated
	node      wire.NodeID
	seq       atomic.Uint64 // of the last change
	events    *core.Events
	beatCount atomic.Uint64
	beats     [8]beat // the last heartbeats, by count
}

// beat is a heartbeat under way.
type beat struct {
	count atomic.Uint64
	at    atomic.Int64
}

// NewNotifier returns the notifier of a node. events may be nil.
func NewNotifier(b core.Backplane, node wire.NodeID, events *core.Events) *Notifier {
	n := &Notifier{backplane: b, node: node, events: events}
	if owner, ok := core.As[core.OutletOwner](b); ok {
		n.outlet = owner.Outlet()
	}
	return n
}

// Authenticate has all messages sealed with s, and only those heeded that are. It
// belongs to set-up.
func (n *Notifier) Authenticate(s *wire.Seal) { n.seal = s }

// Send publishes that key was written, removed or expired as v.
func (n *Notifier) Send(ctx context.Context, kind wire.MessageKind, key string, v core.Version) error {
	return n.send(ctx, telling{kind: kind, key: key, version: v})
}

func (n *Notifier) send(ctx context.Context, t telling) error {
	err := n.publish(ctx, t.key, n.compose(t))
	if err == nil {
		n.sent(t.kind, t.key)
	}
	return err
}

// sent tells listeners that the other nodes were told.
func (n *Notifier) sent(kind wire.MessageKind, key string) {
	if n.events.Wants(core.MessageSent) {
		n.events.Emit(core.Event{Kind: core.MessageSent, Key: named(key), Level: core.LevelBackplane, Op: opOf(kind)})
	}
}

// opOf returns the operation that a message is about.
func opOf(kind wire.MessageKind) core.Op {
	switch kind {
	case wire.MessageSet, wire.MessagePush, wire.MessageExtend:
		return core.OpSet
	case wire.MessageRemove, wire.MessageTagRemoved, wire.MessageCleared:
		return core.OpRemove
	case wire.MessageExpire, wire.MessageTagExpired, wire.MessageClearedSoft:
		return core.OpExpire
	}
	return 0
}

// notice returns the message of send for a distributed layer to publish, with its
// number in the sequence, if one can. A message with that number must be published in
// any case.
func (n *Notifier) notice(t telling) (notice core.Notice, number uint64, ok bool) {
	if n.outlet.Server == nil {
		return notice, 0, false
	}
	number = n.seq.Add(1)
	return core.Notice{Outlet: n.outlet, Message: n.numbered(t, number)}, number, true
}

func (n *Notifier) compose(t telling) []byte { return n.numbered(t, n.seq.Add(1)) }

// numbered returns a message with a number that it has been given in the sequence.
func (n *Notifier) numbered(t telling, number uint64) []byte {
	m := wire.Message{Kind: t.kind, Node: n.node, Seq: number, Version: t.version, Key: named(t.key), Value: t.value}
	return n.seal.Close(wire.AppendMessage(nil, m))
}

// named returns a key as messages have it: that of a mark is the tag.
func named(key string) string { return strings.TrimPrefix(key, markKey("")) }

func (n *Notifier) publish(ctx context.Context, key string, msg []byte) error {
	err := n.backplane.Publish(ctx, msg)
	if err == nil {
		return nil
	}
	key = named(key)
	n.events.Emit(core.Event{Kind: core.LayerFailed, Key: key, Level: core.LevelBackplane, Op: core.OpPublish, Err: err})
	return &core.LayerError{Level: core.LevelBackplane, Op: core.OpPublish, Key: key, Err: err}
}

// beat says that the node lives, and how many messages it has sent before. It has no
// number of its own: one that fails leaves no gap.
func (n *Notifier) beat(ctx context.Context, now core.Instant) error {
	count := n.beatCount.Add(1)
	b := &n.beats[count%uint64(len(n.beats))]
	b.count.Store(0)
	b.at.Store(int64(now))
	b.count.Store(count)
	return n.backplane.Publish(ctx, n.sign(wire.MessageHeartbeat, core.Version{Time: stamp(now), Node: n.node.Node(), Op: count}))
}

// sentAt returns when a heartbeat of this node was sent, if it is one of the last.
func (n *Notifier) sentAt(count uint64) (core.Instant, bool) {
	b := &n.beats[count%uint64(len(n.beats))]
	at := b.at.Load()
	return core.Instant(at), count != 0 && b.count.Load() == count
}

// Goodbye tells the other nodes not to wait for this one.
func (n *Notifier) Goodbye(ctx context.Context) error {
	return n.backplane.Publish(ctx, n.sign(wire.MessageGoodbye, core.Version{}))
}

// sign returns a message about the node itself, with the number of its last change.
func (n *Notifier) sign(kind wire.MessageKind, v core.Version) []byte {
	return n.seal.Close(wire.AppendMessage(nil, wire.Message{Kind: kind, Node: n.node, Seq: n.seq.Load(), Version: v}))
}

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
}

// NewNotifier returns the notifier of a node. events may be nil.
func NewNotifier(b core.Backplane, node wire.NodeID, events *core.Events) *Notifier {
	return &Notifier{backplane: b, node: node, events: events}
}

// Send publishes that key was written, removed or expired as v.
func (n *Notifier) Send(ctx context.Context, kind wire.MessageKind, key string, v core.Version) error {
	m := wire.Message{Kind: kind, Node: n.node, Seq: n.seq.Add(1), Version: v, Key: key}
	err := n.backplane.Publish(ctx, wire.AppendMessage(nil, m))
	if err == nil {
		return nil
	}
	n.events.Emit(core.Event{Kind: core.LayerFailed, Key: key, Level: core.LevelBackplane, Op: core.OpPublish, Err: err})
	return &core.LayerError{Level: core.LevelBackplane, Op: core.OpPublish, Key: key, Err: err}
}

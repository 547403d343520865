// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// telling is a change of a key that the other nodes are to be told of.
type telling struct {
	kind    wire.MessageKind
	key     string
	version core.Version
	value   string // what goes along, for kinds that have it
}

// What one message tells of at most, in bytes: one that is full has room for its own
// fields within wire.MaxMessageSize. A part with its key takes partOverhead more than
// the key and the value.
const (
	maxTold      = 60 << 10
	partOverhead = 40
)

// sendMany is send for many changes, in as few messages as can hold them. It returns
// what became of each.
func (n *Notifier) sendMany(ctx context.Context, all []telling) []error {
	errs := make([]error, len(all))
	starts := split(all)
	together(len(starts), func(i int) {
		from, to := starts[i], len(all)
		if i+1 < len(starts) {
			to = starts[i+1]
		}
		if to == from+1 {
			errs[from] = n.send(ctx, all[from])
			return
		}
		n.sendBatch(ctx, all[from:to], errs[from:to])
	})
	return errs
}

// split returns where the messages begin that all is sent in.
func split(all []telling) (starts []int) {
	size := 0
	for i, t := range all {
		room := partOverhead + len(t.key) + len(t.value)
		full := size+room > maxTold || i-lastOf(starts) == wire.MaxParts
		if i == 0 || full {
			starts, size = append(starts, i), 0
		}
		size += room
	}
	return starts
}

func lastOf(starts []int) int {
	if len(starts) == 0 {
		return 0
	}
	return starts[len(starts)-1]
}

func (n *Notifier) sendBatch(ctx context.Context, all []telling, errs []error) {
	var parts []byte
	for _, t := range all {
		parts = wire.AppendPart(parts, wire.Message{Kind: t.kind, Node: n.node, Version: t.version, Key: t.key, Value: t.value})
	}
	err := n.backplane.Publish(ctx, n.seal.Close(wire.AppendMessage(nil, wire.Message{
		Kind: wire.MessageBatch, Node: n.node, Seq: n.seq.Add(1), Value: string(parts),
	})))
	if err != nil { // once: it is one failure
		n.events.Emit(core.Event{Kind: core.LayerFailed, Level: core.LevelBackplane, Op: core.OpPublish, Err: err})
	}
	for i, t := range all {
		if err == nil {
			n.sent(t.kind, t.key)
		} else {
			errs[i] = &core.LayerError{Level: core.LevelBackplane, Op: core.OpPublish, Key: t.key, Err: err}
		}
	}
}

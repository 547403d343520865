// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// Receiver applies what the other nodes tell to memory. It implements
// core.Subscriber.
type Receiver struct {
	local    *Local
	versions *Versions
	node     wire.NodeID
	events   *core.Events
	joins    int
}

// NewReceiver returns the receiver of a node. events may be nil.
func NewReceiver(local *Local, v *Versions, node wire.NodeID, events *core.Events) *Receiver {
	return &Receiver{local: local, versions: v, node: node, events: events}
}

// The pauses between attempts to subscribe: the first, and the longest. Each is
// shortened by up to a half at random, so that nodes do not come in step.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// Run subscribes to b, again and again, until ctx ends.
func (r *Receiver) Run(ctx context.Context, b core.Backplane) {
	pause := firstPause
	for {
		joins := r.joins
		err := b.Subscribe(ctx, r)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("subscription ended")
		}
		r.events.Emit(core.Event{Kind: core.LayerFailed, Level: core.LevelBackplane, Op: core.OpSubscribe, Err: err})
		if r.joins > joins {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause - rand.N(pause/2)):
		}
		pause = min(2*pause, longestPause)
	}
}

// Joined implements core.Subscriber. What was stored in memory before the node
// heard all messages is not trusted any more.
func (r *Receiver) Joined(gapless bool) {
	r.joins++
	if !gapless {
		r.local.Suspect()
		if r.joins > 1 {
			r.events.Emit(core.Event{Kind: core.GapSuspected, Level: core.LevelBackplane})
		}
	}
	r.events.Emit(core.Event{Kind: core.Joined, Level: core.LevelBackplane})
}

// Message implements core.Subscriber.
func (r *Receiver) Message(data []byte) {
	m, err := wire.ParseMessage(data)
	if err != nil {
		r.events.Emit(core.Event{Kind: core.MessageRejected, Level: core.LevelBackplane, Err: err})
		return
	}
	if m.Node == r.node {
		return
	}
	r.versions.Observe(m.Version)
	op := r.apply(m)
	r.events.Emit(core.Event{Kind: core.MessageReceived, Key: m.Key, Level: core.LevelBackplane, Op: op})
}

func (r *Receiver) apply(m wire.Message) core.Op {
	switch m.Kind {
	case wire.MessageSet:
		r.local.Invalidate(m.Key, m.Version)
		return core.OpSet
	case wire.MessageRemove:
		r.local.Write(m.Key, nil)
		return core.OpRemove
	case wire.MessageExpire:
		r.local.Expire(m.Key)
		return core.OpExpire
	}
	return 0
}

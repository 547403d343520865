// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// node is one life of one cache. A restarted node is another one with the same
// index.
type node struct {
	index  int
	life   int // how many the index has had before
	world  *world
	source *source
	stack  *hybrid.Stack
	cache  *hybrid.Cache[value]
	memory core.MemoryLayer
	port   *port
	plug   *plug
	clock  core.Clock // that of the stack
	born   instant
	sight  sight
	heard  [maxNodes]atomic.Int64 // by node: when something of it came

	publishing atomic.Int64
	gone       atomic.Bool // its end has begun
	dead       atomic.Bool // nothing gets in or out any more
	replaced   atomic.Bool // another life has begun
}

// The generators of actors; each kind has room for all nodes and lives.
const (
	actorPlan    = 1
	actorSource  = 2
	actorKinds   = 3
	actorNews    = 4
	actorTurns   = 5
	actorNemesis = 1 << 16
	actorClient  = 1 << 32
	actorNode    = 2 << 32
	actorPort    = 3 << 32
	actorPlug    = 4 << 32
)

// birth starts a life of the node with an index.
func (r *run) birth(index, life int) (*node, error) {
	w := r.world
	n := &node{index: index, life: life, world: w, source: r.source, memory: r.plan.memory(index)}
	n.port = &port{store: r.store, node: n, dice: newDice(), under: make(map[string]int)}
	wall := func() time.Time { return time.Now().Add(time.Duration(r.skews[index].Load())) }
	n.clock, n.born = core.NewMonotonic(wall), w.now()
	n.plug = &plug{bus: r.bus, node: n, dice: newDice()}
	rng := w.random(actorNode + n.actor())
	var id [16]byte
	binary.BigEndian.PutUint64(id[:], rng.Uint64())
	binary.BigEndian.PutUint64(id[8:], rng.Uint64())
	stack, err := hybrid.New(hybrid.Options{
		Locker:      r.plan.locker(n.port),
		Name:        "sim",
		Memory:      n.memory,
		Distributed: r.plan.layer(n.port),
		Backplane:   r.plan.backplane(n.plug),
		Serializer:  binaryValues{},
		MessageKeys: r.plan.messageKeys(),
		Plugins:     []core.Plugin{probe{n, id}},
		Defaults:    r.plan.Defaults,
		Pulse:       coherence.PulseOptions{Crowd: r.plan.Crowd, ReadLag: r.plan.lag()},
		Recovery:    coherence.RecoveryOptions{MaxKeys: r.plan.Queue},
		Wall:        wall,

		MaxFactories: r.plan.Running,
		FactoryQueue: r.plan.Waiting,
	})
	if err != nil {
		return nil, err
	}
	n.stack = stack
	n.cache, err = hybrid.Of[value](stack, "v")
	return n, err
}

// actor returns what tells the dice of this life from those of others.
func (n *node) actor() uint64 { return uint64(n.index) + uint64(n.life)<<16 }

// forget empties the memory, as eviction may at any time.
func (n *node) forget() {
	if c, ok := core.As[core.Clearer](n.memory); ok {
		c.Clear()
	}
}

// hold lets a paused node stand still until the pause is over.
func (w *world) hold(node int, lane instant) {
	for {
		f := w.plan.at(NodePause, node, w.now(), always)
		if f == nil {
			return
		}
		w.wait(w.ctx, lane, f.To+tick)
	}
}

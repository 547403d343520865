// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// node is one life of one cache. A restarted node is another one with the same
// index.
type node struct {
	index  int
	life   int // how many the index has had before
	world  *world
	stack  *hybrid.Stack
	cache  *hybrid.Cache[value]
	memory core.MemoryLayer
	dead   atomic.Bool
}

// birth starts a life of the node with an index.
func (r *run) birth(index, life int) (*node, error) {
	w := r.world
	n := &node{index: index, life: life, world: w, memory: r.plan.memory(index)}
	rng := w.random(actorNode + uint64(index) + uint64(life)<<16)
	skew := r.plan.Skews[index]
	var id [16]byte
	binary.BigEndian.PutUint64(id[:], rng.Uint64())
	binary.BigEndian.PutUint64(id[8:], rng.Uint64())
	stack, err := hybrid.New(hybrid.Options{
		Name:        "sim",
		Memory:      n.memory,
		Distributed: &port{store: r.store, node: n, rng: w.random(actorPort + uint64(index) + uint64(life)<<16)},
		Backplane:   &plug{bus: r.bus, node: n, rng: w.random(actorPlug + uint64(index) + uint64(life)<<16)},
		Serializer:  binaryValues{},
		Plugins:     []core.Plugin{probe{n, id}},
		Defaults:    r.plan.Defaults,
		Wall:        func() time.Time { return time.Now().Add(skew) },
	})
	if err != nil {
		return nil, err
	}
	n.stack = stack
	n.cache, err = hybrid.Of[value](stack, "v")
	return n, err
}

// The generators of actors; each kind has room for all nodes and lives.
const (
	actorPlan   = 1
	actorClient = 1 << 32
	actorNode   = 2 << 32
	actorPort   = 3 << 32
	actorPlug   = 4 << 32
)

// ending of a life: a crash loses the node's way out, a close is orderly.
func (n *node) crash(ctx context.Context) error {
	n.dead.Store(true)
	return n.stack.Close(ctx)
}

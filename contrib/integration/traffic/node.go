// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package traffic

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherencetest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// App is the name of all stacks.
const App = "traffic"

// Parts are a node's way to its server.
type Parts struct {
	Layer core.DistributedLayer
	Bus   core.Backplane
	Close func() // called after the stack has been closed
}

// Node is one stack. It owns its parts.
type Node struct {
	index int
	parts Parts
	truth Truth
	stack *hybrid.Stack
	cache *hybrid.Cache[Value]
}

// Open opens a stack on parts, which are closed if that fails. The index decides
// what it has as memory.
func Open(index int, p Parts, from Truth) (*Node, error) {
	n := &Node{index: index, parts: p, truth: from}
	if err := n.open(); err != nil {
		p.Close()
		return nil, err
	}
	return n, nil
}

func (n *Node) open() error {
	memory, err := newMemory(n.index)
	if err != nil {
		return err
	}
	serializer, err := msgpackser.New(nil)
	if err != nil {
		return err
	}
	n.stack, err = hybrid.New(hybrid.Options{
		Name: App, Memory: memory, Distributed: n.parts.Layer, Backplane: n.parts.Bus, Serializer: serializer,
		Plugins: []core.Plugin{coherencetest.Observer{}}, Defaults: core.EntryOptions{TTL: time.Hour},
	})
	if err != nil {
		return err
	}
	n.cache, err = hybrid.Of[Value](n.stack, "v")
	return err
}

// newMemory returns objects, bytes, or objects with too little room for all keys.
func newMemory(index int) (core.MemoryLayer, error) {
	switch index % 3 {
	case 1:
		return freecachemem.New(1<<20, nil)
	case 2:
		return ottermem.New(&ottermem.Options{MaxEntries: Keys / 2})
	}
	return ottermem.New(&ottermem.Options{MaxEntries: 1000})
}

// Close closes the stack and then its connections.
func (n *Node) Close(ctx context.Context) error {
	defer n.parts.Close()
	return n.stack.Close(ctx)
}

// Request is a call of a node, in a form that can be sent to another process.
type Request struct {
	Action        coherencetest.Action
	Key           int           // of an action on one key
	Tag           int           // of one on a tag
	Value         Value         // of a Set
	Before, After time.Duration // what the factory takes until it reads the source, and from then on
	Limit         time.Duration // of the context; 0 for none
}

// Reply is what came of it.
type Reply struct {
	Value   Value
	OK      bool
	Stale   bool
	Level   core.Level
	Outcome core.Outcome
	Failure string
	Ended   bool // the context had ended when it failed
	Lost    bool // nobody knows what came of it: the process has died
}

// Caller is a node, in this process or in another one.
type Caller interface {
	Call(ctx context.Context, r Request) Reply
}

// Call implements [Caller].
func (n *Node) Call(ctx context.Context, r Request) (a Reply) {
	if r.Limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.Limit)
		defer cancel()
	}
	var seen coherencetest.Operation
	if err := n.carryOut(seen.Context(ctx), r, &a); err != nil {
		a.Failure, a.Ended = err.Error(), ctx.Err() != nil
	}
	a.Stale, a.Level = seen.Stale, seen.Level
	return a
}

func (n *Node) carryOut(ctx context.Context, r Request, a *Reply) (err error) {
	key := keyName(r.Key)
	switch r.Action {
	case coherencetest.Get:
		a.Value, a.OK, err = n.cache.Get(ctx, key)
	case coherencetest.GetOrSet:
		a.Value, err = n.cache.GetOrSet(ctx, key, func(ctx context.Context, _ string) (Value, error) {
			return n.load(ctx, r)
		}, core.Tags(tagsOf(r.Key)...))
		a.OK = err == nil
	case coherencetest.Set:
		a.Outcome, err = n.cache.Set(ctx, key, r.Value, core.Tags(tagsOf(r.Key)...))
	case coherencetest.Remove:
		a.Outcome, err = n.cache.Remove(ctx, key)
	case coherencetest.Expire:
		a.Outcome, err = n.cache.Expire(ctx, key)
	case coherencetest.RemoveByTag:
		a.Outcome, err = n.stack.RemoveByTag(ctx, tagName(r.Tag))
	case coherencetest.ExpireByTag:
		a.Outcome, err = n.stack.ExpireByTag(ctx, tagName(r.Tag))
	case coherencetest.Clear:
		a.Outcome, err = n.stack.Clear(ctx)
	case coherencetest.ExpireAll:
		a.Outcome, err = n.stack.ExpireAll(ctx)
	}
	return err
}

// load is the factory. It reads the source at some moment while it runs.
func (n *Node) load(ctx context.Context, r Request) (Value, error) {
	if err := rest(ctx, r.Before); err != nil {
		return Value{}, err
	}
	v, err := n.truth.Load(r.Key, n.index)
	if err != nil {
		return Value{}, err
	}
	return v, rest(ctx, r.After)
}

// rest waits for d, or until ctx ends.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

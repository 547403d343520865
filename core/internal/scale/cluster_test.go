// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package scale

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/adapters/locallock"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/jsonser"
)

// hot is how many keys every node is asked for.
const hot = 5

// cluster is many nodes over one server and one bus.
type cluster struct {
	t        *testing.T
	step     string
	server   *server
	bus      *bus
	locks    *locallock.Locker
	nodes    []*node
	loads    meter // calls of factories
	suspects meter // times that a node stopped trusting its memory
}

type node struct {
	stack *hybrid.Stack
	cache *hybrid.Cache[int]
	line  *line
}

func newCluster(t *testing.T) *cluster {
	inner := hybrid.Must(localbus.NewBus(nil))
	return &cluster{
		t: t, server: &server{store: hybrid.Must(localdist.New(nil))},
		bus: newBus(t.Context(), inner), locks: locallock.New(),
	}
}

// join starts n more nodes at once.
func (c *cluster) join(n int) {
	for range n {
		c.nodes = append(c.nodes, c.birth())
	}
}

func (c *cluster) birth() *node {
	n := &node{line: c.bus.line()}
	n.stack = hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "scale",
		Memory:      new(memory),
		Distributed: c.server,
		Backplane:   n.line,
		Locker:      c.locks,
		Serializer:  hybrid.Must(jsonser.New(nil)),
		Defaults:    core.EntryOptions{TTL: time.Hour, StaleTTL: 2 * time.Hour},
	}))
	c.t.Cleanup(func() { _ = n.stack.Close(context.Background()) })
	n.stack.Events().Listen("scale", core.GapSuspected, func(core.Event) { c.suspects.add() })
	n.cache = hybrid.Must(hybrid.Of[int](n.stack, "v"))
	return n
}

// forget forgets what was counted so far.
func (c *cluster) forget() {
	for _, m := range []*meter{
		&c.server.values, &c.server.headers, &c.server.marks, &c.server.writes,
		&c.bus.beats, &c.bus.changes, &c.bus.attempts, &c.loads, &c.suspects,
	} {
		m.take()
	}
	c.bus.heard.Store(0)
}

// ask has a node give the value of a key, from wherever it gets it.
func (c *cluster) ask(n *node, key string, o ...core.Option) {
	_, err := n.cache.GetOrSet(c.t.Context(), key, func(context.Context, string) (int, error) {
		c.loads.add()
		pass(5 * time.Millisecond)
		return 1, nil
	}, o...)
	if err != nil {
		c.t.Error(err)
	}
}

func hotKey(i int) string { return fmt.Sprintf("hot%d", i) }

// all asks every node for some keys at once, three callers for each.
func (c *cluster) all(keys []string, o ...core.Option) {
	var asking sync.WaitGroup
	for _, n := range c.nodes {
		for _, key := range keys {
			for range 3 {
				asking.Go(func() { c.ask(n, key, o...) })
			}
		}
	}
	asking.Wait()
}

// warm has the server and all nodes hold all hot keys.
func (c *cluster) warm() {
	for _, key := range hotKeys() {
		c.set(key)
	}
	c.all(hotKeys())
	c.forget()
}

func hotKeys() (keys []string) {
	for i := range hot {
		keys = append(keys, hotKey(i))
	}
	return keys
}

// set has the first node write a key. The others have heard of it when it returns.
func (c *cluster) set(key string) {
	if outcome, err := c.nodes[0].cache.Set(c.t.Context(), key, 1); outcome != core.Committed {
		c.t.Error(outcome, err)
	}
	synctest.Wait()
}

// remove has the first node remove a key.
func (c *cluster) remove(key string) {
	if outcome, err := c.nodes[0].cache.Remove(c.t.Context(), key); outcome != core.Committed {
		c.t.Error(outcome, err)
	}
	synctest.Wait()
}

// during has every node asked for a hot key, at random about every 50 ms, for as
// long as do takes.
func (c *cluster) during(do func()) {
	ctx, cancel := context.WithCancel(c.t.Context())
	var asking sync.WaitGroup
	for i, n := range c.nodes {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		asking.Go(func() {
			for ctx.Err() == nil {
				pass(time.Duration(r.IntN(100_000)) * time.Microsecond)
				c.ask(n, hotKey(r.IntN(hot)))
			}
		})
	}
	do()
	cancel()
	asking.Wait()
}

// most fails if there was more than the bound of something, and notes both.
func (c *cluster) most(what string, got, bound int) {
	c.t.Helper()
	line := fmt.Sprintf("%s: %s: %d, at most %d", c.step, what, got, bound)
	if c.t.Log(line); got > bound {
		c.t.Error("more than that: " + line)
	}
}

// memory is a memory layer without a bound.
type memory struct{ entries sync.Map }

// Get implements core.MemoryLayer.
func (m *memory) Get(key string) (*core.Entry, bool) {
	e, ok := m.entries.Load(key)
	if !ok {
		return nil, false
	}
	return e.(*core.Entry), true
}

// Set implements core.MemoryLayer.
func (m *memory) Set(key string, e *core.Entry) error {
	m.entries.Store(key, e)
	return nil
}

// Delete implements core.MemoryLayer.
func (m *memory) Delete(key string) { m.entries.Delete(key) }

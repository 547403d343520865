// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/bits"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/slogplug"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// node is one process of a service, as far as its cache goes.
type node struct {
	*hybrid.Cache[int]
	stack *hybrid.Stack
	bus   *hangingBus     // between the stack and the backplane
	spy   *spy            // between the stack and the distributed layer
	net   *netfault.Proxy // between the node and the server; nil without a network

	mu     sync.Mutex
	events []core.Event // all but Hit, Miss, Joined
	counts [64]atomic.Int64
}

// setting is how a node differs from others.
type setting struct {
	hybrid.Options        // Name: "app"; Memory: otter; the parts of the server: of the world
	objects        bool   // the memory layer is one of objects, otherwise of bytes
	app            string // "": "app"
	apart          bool   // messages do not travel with writes
}

// start opens a node with a network of its own and waits until it hears the
// others. It is closed with the test.
func start(tb testing.TB, w world, s setting) *node {
	tb.Helper()
	n := open(tb, w, s)
	soon(tb, patience, "a node to join", func() bool { return n.count(core.Joined) > 0 })
	return n
}

// open is start without the wait. Unless a test says otherwise, operations on the server
// have long enough for a machine that is busy with other things.
func open(tb testing.TB, w world, s setting) *node {
	tb.Helper()
	n := &node{}
	addr := w.addr()
	if addr != "" {
		n.net = hybrid.Must(netfault.New(addr))
		tb.Cleanup(func() { _ = n.net.Close() })
		addr = n.net.Addr()
	}
	s.Name = cmp.Or(s.app, "app")
	layer, bus := w.open(tb, addr, s.Name)
	n.spy = &spy{DistributedLayer: layer}
	n.bus = &hangingBus{Backplane: bus, apart: s.apart}
	s.Distributed, s.Backplane = n.spy.seen(), n.bus
	if s.Memory == nil {
		s.Memory = memory(s.objects)
	}
	if s.Serializer == nil {
		s.Serializer = serializer()
	}
	s.Defaults.DistributedTimeout = cmp.Or(s.Defaults.DistributedTimeout, patience/2)
	s.Plugins = append(s.Plugins, n, diary(tb))
	n.stack = hybrid.Must(hybrid.New(s.Options))
	n.Cache = hybrid.Must(hybrid.Of[int](n.stack, "v"))
	tb.Cleanup(func() { n.close(tb) })
	return n
}

// diary has a test that fails show what the node logged.
func diary(tb testing.TB) core.Plugin {
	tb.Helper()
	handler := slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})
	return hybrid.Must(slogplug.New(slog.New(handler), &slogplug.Options{PlainKeys: true}))
}

func serializer() core.Serializer { return hybrid.Must(msgpackser.New(nil)) }

func memory(objects bool) core.MemoryLayer {
	if objects {
		return hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: 200_000}))
	}
	return hybrid.Must(freecachemem.New(16<<20, nil))
}

// trio starts nodes A, B and C with the same entry options and different memory
// layers.
func trio(tb testing.TB, w world, o core.EntryOptions) (a, b, c *node) {
	tb.Helper()
	a = start(tb, w, setting{Options: hybrid.Options{Defaults: o}, objects: true})
	b = start(tb, w, setting{Options: hybrid.Options{Defaults: o}})
	c = start(tb, w, setting{Options: hybrid.Options{Defaults: o}, objects: true})
	return a, b, c
}

// pair is trio without C.
func pair(tb testing.TB, w world, o core.EntryOptions) (a, b *node) {
	tb.Helper()
	a = start(tb, w, setting{Options: hybrid.Options{Defaults: o}, objects: true})
	b = start(tb, w, setting{Options: hybrid.Options{Defaults: o}})
	return a, b
}

// close closes the node's cache. What it could not tell to a server that is away
// is not a failure of the test.
func (n *node) close(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := n.stack.Close(ctx); errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		tb.Errorf("close: %v", err)
	}
}

// cutOff breaks all connections of the node and lets no new one through.
func (n *node) cutOff() {
	n.net.Refuse()
	n.net.Cut()
}

// heal ends everything that the node suffers from.
func (n *node) heal() {
	n.spy.hangReads.Store(false)
	n.spy.hangWrites.Store(false)
	n.bus.publish.Store(false)
	n.bus.subscribe.Store(false)
	n.net.Restore()
}

// Name implements core.Plugin.
func (*node) Name() string { return "test" }

// Install implements core.Plugin.
func (n *node) Install(h *core.Host) error {
	h.OnEvent(core.AllKinds, n.take)
	return nil
}

// maxEvents is how many events a node keeps; it counts all of them.
const maxEvents = 10_000

func (n *node) take(ev core.Event) {
	n.counts[bits.TrailingZeros64(uint64(ev.Kind))].Add(1)
	if ev.Kind&(core.Hit|core.Miss|core.Joined|core.Written|core.MessageReceived) != 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.events) < maxEvents {
		n.events = append(n.events, ev)
	}
}

// count returns how many events of a kind there were.
func (n *node) count(k core.Kind) int64 { return n.counts[bits.TrailingZeros64(uint64(k))].Load() }

// debts returns of how many keys the node owes the others a write.
func (n *node) debts(t *testing.T) int {
	t.Helper()
	x, err := n.Explain(t.Context(), "any", core.Without(core.SkipDistributedRead))
	if err != nil {
		t.Fatal(err)
	}
	return x.Node.Debts
}

// find returns the first event of a kind that cond holds for, or nil.
func (n *node) find(k core.Kind, cond func(core.Event) bool) *core.Event {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, ev := range n.events {
		if ev.Kind == k && cond(ev) {
			return &ev
		}
	}
	return nil
}

// set is a Set that must not fail.
func (n *node) set(tb testing.TB, key string, v int, opts ...core.Option) core.Outcome {
	tb.Helper()
	outcome, err := n.Set(tb.Context(), key, v, opts...)
	if err != nil {
		tb.Errorf("set %q: %v", key, err)
	}
	return outcome
}

// commit is a set that the distributed layer must acknowledge.
func (n *node) commit(tb testing.TB, key string, v int, opts ...core.Option) {
	tb.Helper()
	if outcome := n.set(tb, key, v, opts...); outcome != core.Committed {
		tb.Errorf("set %q: %v", key, outcome)
	}
}

// get is a Get that must not fail.
func (n *node) get(tb testing.TB, key string, opts ...core.Option) (v int, ok bool) {
	tb.Helper()
	v, ok, err := n.Get(tb.Context(), key, opts...)
	if err != nil {
		tb.Errorf("get %q: %v", key, err)
	}
	return v, ok
}

// want is a get that must find v.
func (n *node) want(tb testing.TB, key string, v int, opts ...core.Option) {
	tb.Helper()
	if got, ok := n.get(tb, key, opts...); !ok || got != v {
		tb.Errorf("get %q: %d, %t, want %d", key, got, ok, v)
	}
}

// wantMiss is a get that must find nothing.
func (n *node) wantMiss(tb testing.TB, key string, opts ...core.Option) {
	tb.Helper()
	if got, ok := n.get(tb, key, opts...); ok {
		tb.Errorf("get %q: %d, want a miss", key, got)
	}
}

// has reports whether a get finds v.
func (n *node) has(tb testing.TB, key string, v int) bool {
	got, ok := n.get(tb, key)
	return ok && got == v
}

// misses reports whether a get finds nothing.
func (n *node) misses(tb testing.TB, key string) bool {
	_, ok := n.get(tb, key)
	return !ok
}

// hasOrMisses reports whether a get finds v or nothing.
func (n *node) hasOrMisses(tb testing.TB, key string, v int) bool {
	got, ok := n.get(tb, key)
	return !ok || got == v
}

// ask is a GetOrSet that must give v.
func (n *node) ask(tb testing.TB, key string, f *F[int], v int, opts ...core.Option) {
	tb.Helper()
	got, err := n.GetOrSet(tb.Context(), key, f.load, opts...)
	if err != nil || got != v {
		tb.Errorf("get or set %q: %d, %v, want %d", key, got, err, v)
	}
}

// spread is a commit that all the others have heard of when it returns. A read
// that is under way when the message comes is not kept, and done again.
func (n *node) spread(tb testing.TB, key string, v int, others ...*node) {
	tb.Helper()
	before := make([]int64, len(others))
	for i, o := range others {
		before[i] = o.count(core.MessageReceived)
	}
	n.commit(tb, key, v)
	for i, o := range others {
		soon(tb, patience, "a message to arrive", func() bool { return o.count(core.MessageReceived) > before[i] })
	}
}

// hasNot reports whether a get finds something other than v, or nothing.
func (n *node) hasNot(tb testing.TB, key string, v int) bool {
	got, ok := n.get(tb, key)
	return !ok || got != v
}

// wantNot is a get that must not find v.
func (n *node) wantNot(tb testing.TB, key string, v int) {
	tb.Helper()
	if !n.hasNot(tb, key, v) {
		tb.Errorf("get %q: %d, which was overwritten", key, v)
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// server is a distributed layer that decides about writes, can break, and calls
// a function after each change of an entry.
type server struct {
	store   *localdist.Store
	broken  atomic.Bool
	delay   time.Duration
	changes atomic.Int64
	changed func() // may be nil
}

// stores is a server that does not decide about writes.
type stores struct{ core.DistributedLayer }

// pass asks for no timer without a delay: of timers that are due when they are made, many
// at once in a bubble crash the race detector of Go 1.26, whose timers share one context.
func (s *server) pass(ctx context.Context) error {
	if s.delay > 0 {
		select {
		case <-time.After(s.delay):
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if s.broken.Load() {
		return errBroken
	}
	return nil
}

// after notes a change of an entry; marks do not count.
func (s *server) after(key string, err error) error {
	if err == nil && key[0] == 'e' {
		s.changes.Add(1)
		if s.changed != nil {
			s.changed()
		}
	}
	return err
}

func (s *server) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := s.pass(ctx); err != nil {
		return nil, false, err
	}
	return s.store.Get(ctx, key)
}

func (s *server) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	if err := s.pass(ctx); err != nil {
		return err
	}
	return s.after(key, s.store.Set(ctx, key, data, ttl))
}

func (s *server) Delete(ctx context.Context, key string) error {
	if err := s.pass(ctx); err != nil {
		return err
	}
	return s.after(key, s.store.Delete(ctx, key))
}

func (s *server) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if err := s.pass(ctx); err != nil {
		return core.Ruling{}, err
	}
	ruling, err := s.store.Arbitrate(ctx, key, w)
	if !ruling.Stored {
		return ruling, err
	}
	return ruling, s.after(key, err)
}

func (s *server) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	if err := s.pass(ctx); err != nil {
		return nil, false, err
	}
	return s.store.ReadHeader(ctx, key)
}

// node is all of a node that writes.
type node struct {
	*rig
	server *server
	bus    *bus
	shared *coherence.Shared
	writer *coherence.Writer
}

func newNode(t *testing.T, decides bool) *node {
	t.Helper()
	store, err := localdist.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	n := &node{rig: newRig(), server: &server{store: store}, bus: new(bus)}
	events := core.NewEvents("test")
	n.events = listen(events, core.AllKinds)
	layer := core.DistributedLayer(n.server)
	if !decides {
		layer = stores{n.server}
	}
	id := coherence.NewNodeID()
	versions := coherence.NewVersions(id, n.clock.Wall, 0)
	n.shared = coherence.NewShared(layer, coherence.Prefixes{Entries: "e:", Marks: "m:"}, n.clock, versions, coherence.SharedOptions{}, events)
	n.writer = &coherence.Writer{
		Local: n.local, Shared: n.shared, Notifier: coherence.NewNotifier(n.bus, id, events),
		Order: coherence.NewOrder(coherence.BackgroundLimits{}), Versions: versions, Clock: n.clock, Events: events,
	}
	t.Cleanup(func() { _ = n.writer.Order.Close(context.Background()) })
	return n
}

// writing runs a test with a server that decides about writes, and with one that
// does not.
func writing(t *testing.T, f func(t *testing.T, n *node)) {
	t.Helper()
	for name, decides := range map[string]bool{"server that decides": true, "server that stores": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t, newNode(t, decides)) })
		})
	}
}

// options are complete, with fail-safe.
func options(opts ...core.Option) *core.EntryOptions {
	o := core.Resolve(core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}, opts).WithDefaults()
	return &o
}

func (n *node) set(t *testing.T, v int, opts ...core.Option) (core.Outcome, error) {
	t.Helper()
	o := options(opts...)
	now := n.clock.Now()
	return n.writer.Set(t.Context(), "k", core.Live(v, o.Meta(now, now)), codec, o)
}

// load is a flight for "k" that made v, with a token and what the server held
// before.
func (n *node) load(t *testing.T, v int, token *core.Token, seen *core.Seen, opts ...core.Option) {
	t.Helper()
	o := options(opts...)
	made := func(context.Context, core.Request) (core.Result, error) {
		now := n.clock.Now()
		return core.Result{Entry: core.Live(v, o.Meta(now, now)), Level: core.LevelFactory}, nil
	}
	n.commit(t, made, core.Request{Key: "k", Options: o, Codec: codec, Token: token, Seen: seen})
}

func (n *node) commit(t *testing.T, made core.Handler, r core.Request) {
	t.Helper()
	res, err := coherence.Commit(n.writer)(made)(t.Context(), r)
	if err != nil || res.Entry == nil {
		t.Errorf("the flight came to %+v, %v", res, err)
	}
}

// seen is what the server holds now, as a load sees it that begins now.
func (n *node) seen(t *testing.T) *core.Seen {
	t.Helper()
	found, err := n.shared.Read(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	return found.Seen
}

// stored checks that the server has the value v.
func (n *node) stored(t *testing.T, v string) core.Meta {
	t.Helper()
	found, err := n.shared.Read(t.Context(), "k")
	if err != nil || string(found.Payload) != v {
		t.Errorf("the server has %q, %v, want %q", found.Payload, err, v)
	}
	return found.Meta
}

// told checks the kinds of the messages so far.
func (n *node) told(t *testing.T, kinds ...wire.MessageKind) []wire.Message {
	t.Helper()
	all := n.bus.all()
	if len(all) != len(kinds) {
		t.Errorf("%d messages, want %d: %+v", len(all), len(kinds), all)
		return all
	}
	for i, m := range all {
		if m.Kind != kinds[i] || m.Key != "k" {
			t.Errorf("message %d: %v of %q, want %v", i, m.Kind, m.Key, kinds[i])
		}
	}
	return all
}

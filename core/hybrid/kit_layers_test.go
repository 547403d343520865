// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

var errServer = errors.New("server is down")

// server is a distributed layer in the process that decides about writes. It can
// fail and be slow, and counts the calls: a read of a header as a read, a decided
// write as a Set.
type server struct {
	arbitrated
	store *localdist.Store
	down  atomic.Bool
}

func newServer(t testing.TB) *server {
	t.Helper()
	store, err := localdist.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{store: store}
	s.arbitrated = arbitrated{&slowLayer{DistributedLayer: &failing{store, &s.down}}, &failing{store, &s.down}}
	return s
}

// plain hides that s decides about writes.
func (s *server) plain() core.DistributedLayer { return s.slowLayer }

// modes are the kinds of distributed layer that a scenario runs with: none, one
// that only stores, one that decides about writes.
func modes(t *testing.T, run func(t *testing.T, layer core.DistributedLayer)) {
	for _, mode := range []struct {
		name  string
		layer func(*server) core.DistributedLayer
	}{
		{"no server", func(*server) core.DistributedLayer { return nil }},
		{"server that stores", func(s *server) core.DistributedLayer { return s.plain() }},
		{"server that decides", func(s *server) core.DistributedLayer { return s }},
	} {
		t.Run(mode.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { run(t, mode.layer(newServer(t))) })
		})
	}
}

// failing is a store that fails while it is down.
type failing struct {
	store *localdist.Store
	down  *atomic.Bool
}

func (f *failing) err() error {
	if f.down.Load() {
		return errServer
	}
	return nil
}

func (f *failing) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := f.err(); err != nil {
		return nil, false, err
	}
	return f.store.Get(ctx, key)
}

func (f *failing) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.store.Set(ctx, key, data, ttl)
}

func (f *failing) Delete(ctx context.Context, key string) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.store.Delete(ctx, key)
}

func (f *failing) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if err := f.err(); err != nil {
		return core.Ruling{}, err
	}
	return f.store.Arbitrate(ctx, key, w)
}

func (f *failing) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	if err := f.err(); err != nil {
		return nil, false, err
	}
	return f.store.ReadHeader(ctx, key)
}

// serverKey is the key of "k" in view "v" of the stack "app".
const serverKey = "app:1:e:v:k"

// holds reports whether the server has a value for key "k".
func (s *server) holds(t testing.TB) bool {
	t.Helper()
	h, ok := s.header(t)
	return ok && h.Kind != core.TombstoneWrite
}

// header returns the ordering header of what the server has for key "k".
func (s *server) header(t testing.TB) (h core.Header, ok bool) {
	t.Helper()
	data, ok, err := s.store.Get(t.Context(), serverKey)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return core.Header{}, false
	}
	if h, err = core.ParseHeader(data); err != nil {
		t.Fatal(err)
	}
	return h, true
}

// network is what several nodes share.
type network struct {
	*server
	bus *localbus.Bus
}

func newNetwork(t testing.TB) *network {
	t.Helper()
	bus, err := localbus.NewBus(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &network{server: newServer(t), bus: bus}
}

// join returns the options of a further node.
func (n *network) join(defaults core.EntryOptions) hybrid.Options {
	return hybrid.Options{
		Distributed: n.server,
		Backplane:   &slowBus{Backplane: n.bus.Channel(hybrid.Channel("app"))},
		Defaults:    defaults,
	}
}

// ask is GetOrSet of key "k", which must succeed.
func ask[V any](t testing.TB, c *hybrid.Cache[V], f *F[V], opts ...core.Option) V {
	t.Helper()
	v, err := c.GetOrSet(t.Context(), "k", f.load, opts...)
	if err != nil {
		t.Errorf("GetOrSet: %v", err)
	}
	return v
}

// expectAsk is ask with the value and the number of calls that f must have then.
func expectAsk[V comparable](t testing.TB, c *hybrid.Cache[V], f *F[V], want V, calls int64, opts ...core.Option) {
	t.Helper()
	if v := ask(t, c, f, opts...); v != want {
		t.Errorf("got %v, want %v", v, want)
	}
	expectCalls(t, f, calls)
}

// expectFailure is a GetOrSet of key "k" that must fail with target.
func expectFailure[V any](t testing.TB, c *hybrid.Cache[V], f *F[V], target error, opts ...core.Option) {
	t.Helper()
	if v, err := c.GetOrSet(t.Context(), "k", f.load, opts...); !errors.Is(err, target) {
		t.Errorf("got %v, %v, want the error %v", v, err, target)
	}
}

func expectCalls[V any](t testing.TB, f *F[V], want int64) {
	t.Helper()
	if got := f.calls.Load(); got != want {
		t.Errorf("the factory was called %d times, want %d", got, want)
	}
}

// expectHit is a Get of key "k" that must find want.
func expectHit[V comparable](t testing.TB, c *hybrid.Cache[V], want V, opts ...core.Option) {
	t.Helper()
	if v, ok, err := c.Get(t.Context(), "k", opts...); v != want || !ok || err != nil {
		t.Errorf("Get: got %v, %v, %v, want a hit with %v", v, ok, err, want)
	}
}

// expectMiss is a Get of key "k" that must find nothing.
func expectMiss[V any](t testing.TB, c *hybrid.Cache[V], opts ...core.Option) {
	t.Helper()
	if v, ok, err := c.Get(t.Context(), "k", opts...); ok || err != nil {
		t.Errorf("Get: got %v, %v, %v, want a miss", v, ok, err)
	}
}

func set[V any](t testing.TB, c *hybrid.Cache[V], v V, opts ...core.Option) core.Outcome {
	t.Helper()
	outcome, err := c.Set(t.Context(), "k", v, opts...)
	if err != nil {
		t.Errorf("Set: %v", err)
	}
	return outcome
}

// expectOption checks that err names a wrong option.
func expectOption(t testing.TB, err error, option string) {
	t.Helper()
	if !slices.Contains(optionsIn(err), option) {
		t.Errorf("got %v, want an error that names %s", err, option)
	}
}

// optionsIn returns the options that err, or one that it wraps, finds fault with.
func optionsIn(err error) (names []string) {
	switch e := err.(type) {
	case *core.OptionError:
		return []string{e.Option}
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			names = append(names, optionsIn(part)...)
		}
	case interface{ Unwrap() error }:
		return optionsIn(e.Unwrap())
	}
	return names
}

func isLayerError(err error, op core.Op) bool {
	e, ok := errors.AsType[*core.LayerError](err)
	return ok && e.Op == op
}

// expectCount compares a counter.
func expectCount(t testing.TB, what string, n *atomic.Int64, want int64) {
	t.Helper()
	if got := n.Load(); got != want {
		t.Errorf("%s: %d, want %d", what, got, want)
	}
}

// watcher keeps the events of some kinds.
type watcher struct {
	mu     sync.Mutex
	events []core.Event
}

// watch keeps the events of the kinds in mask from now on.
func watch[V any](c *hybrid.Cache[V], mask core.Kind) *watcher {
	w := new(watcher)
	c.Stack().Events().Listen("watcher", mask, func(ev core.Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, ev)
	})
	return w
}

func (w *watcher) all() []core.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.events)
}

// at sleeps until d after start, in virtual time.
func at(start time.Time, d time.Duration) { <-time.After(time.Until(start.Add(d))) }

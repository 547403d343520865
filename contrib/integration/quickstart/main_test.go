// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package quickstart_test runs caches that were set up in one call against real
// servers.
package quickstart_test

import (
	"context"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/contrib/quickstart"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// defaults are those of the tests: fail-safe and patience as a service has them.
func defaults() core.EntryOptions {
	return core.EntryOptions{TTL: 5 * time.Minute, StaleTTL: 10 * time.Minute, HardTimeout: 5 * time.Second}
}

// node is one process of a service, as far as its cache goes.
type node struct {
	*hybrid.Cache[int]
	stack *hybrid.Stack
	loads atomic.Int64 // calls of the factory
	joins atomic.Int64 // how often the backplane began to deliver
}

// opener opens a stack on the server at addr.
type opener func(ctx context.Context, addr string, o *quickstart.Options) (*hybrid.Stack, error)

func onRedis(ctx context.Context, addr string, o *quickstart.Options) (*hybrid.Stack, error) {
	return quickstart.Redis(ctx, "redis://"+addr, "shop", o)
}

func onNATS(ctx context.Context, addr string, o *quickstart.Options) (*hybrid.Stack, error) {
	return quickstart.NATS(ctx, "nats://"+addr, "shop", o)
}

// start opens a node and closes it with the test.
func start(tb testing.TB, open opener, addr string, o quickstart.Options) *node {
	tb.Helper()
	n := &node{}
	o.Plugins = []core.Plugin{n}
	stack, err := open(tb.Context(), addr, &o)
	if err != nil {
		tb.Fatal(err)
	}
	n.stack, n.Cache = stack, hybrid.Must(hybrid.Of[int](stack, "v"))
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := stack.Close(ctx); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return n
}

// Name implements core.Plugin.
func (*node) Name() string { return "test" }

// Install implements core.Plugin.
func (n *node) Install(h *core.Host) error {
	h.OnEvent(core.Joined, func(core.Event) { n.joins.Add(1) })
	return nil
}

// proxied returns a proxy in front of addr that is closed with the test.
func proxied(tb testing.TB, addr string) *netfault.Proxy {
	tb.Helper()
	p, err := netfault.New(addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = p.Close() })
	return p
}

// cutOff breaks all connections through p and lets no new one through.
func cutOff(p *netfault.Proxy) {
	p.Refuse()
	p.Cut()
}

// loading returns a factory of n that gives v.
func (n *node) loading(v int) func(context.Context, string) (int, error) {
	return func(context.Context, string) (int, error) { n.loads.Add(1); return v, nil }
}

func (n *node) mustSet(tb testing.TB, key string, v int, opts ...core.Option) core.Outcome {
	tb.Helper()
	outcome, err := n.Set(tb.Context(), key, v, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	return outcome
}

// has reports whether the node gives v for key.
func (n *node) has(tb testing.TB, key string, v int) bool {
	tb.Helper()
	got, ok, err := n.Get(tb.Context(), key)
	if err != nil {
		tb.Errorf("get %q: %v", key, err)
	}
	return ok && got == v
}

// wantSoon waits until the node gives v for key.
func (n *node) wantSoon(tb testing.TB, within time.Duration, key string, v int) {
	tb.Helper()
	redistest.Eventually(tb, within, "the new value of "+key, func() bool { return n.has(tb, key, v) })
}

// joined waits until the node hears the others.
func (n *node) joined(tb testing.TB, within time.Duration) {
	tb.Helper()
	redistest.Eventually(tb, within, "the node to join", func() bool { return n.joins.Load() > 0 })
}

func (n *node) healthy(tb testing.TB) bool {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Second)
	defer cancel()
	return n.stack.Health(ctx) == hybrid.Health{}
}

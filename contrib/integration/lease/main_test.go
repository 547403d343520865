// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package lease_test proves on real servers that a load which ends late does not
// undo what another node has written meanwhile, whether or not the nodes can tell
// each other.
package lease_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

const (
	app      = "app"
	tag      = "tag"
	patience = 20 * time.Second
)

func TestMain(m *testing.M) {
	logging.Disable()
	m.Run()
}

// parts are what a node needs of a server.
type parts struct {
	distributed core.DistributedLayer
	backplane   core.Backplane // nil: the node tells nobody, and nobody tells it
}

// server makes the parts of one more node, on connections of its own.
type server func(tb testing.TB) parts

// servers are those on which the promise must hold.
func servers() map[string]func(tb testing.TB) server {
	return map[string]func(tb testing.TB) server{
		"redis": func(tb testing.TB) server {
			s := redistest.Start(tb, nil)
			return func(tb testing.TB) parts { return redisParts(tb, s.URL()) }
		},
		"redis without scripts": func(tb testing.TB) server {
			s := redistest.Start(tb, &redistest.Options{
				Password: "root", Users: []string{"app on >pw allchannels ~* +@all -eval -evalsha"},
			})
			return func(tb testing.TB) parts { return redisParts(tb, "redis://app:pw@"+s.Addr()) }
		},
		"nats": func(tb testing.TB) server {
			s := natstest.Start(tb, nil)
			return func(tb testing.TB) parts { return natsParts(tb, s.URL(), nil) }
		},
		"nats cluster": func(tb testing.TB) server {
			c := natstest.StartCluster(tb, nil)
			return func(tb testing.TB) parts {
				return natsParts(tb, c.URL(), &natsdist.Options{Replicas: 3, MaxBytes: 64 << 20, StrictReads: true})
			}
		},
	}
}

func redisParts(tb testing.TB, url string) parts {
	tb.Helper()
	client := redis.NewUniversalClient(hybrid.Must(redisdist.ClientOptions(url, nil)))
	tb.Cleanup(func() { _ = client.Close() })
	return parts{hybrid.Must(redisdist.New(client, nil)), hybrid.Must(redisbus.New(client, hybrid.Channel(app), nil))}
}

func natsParts(tb testing.TB, url string, opts *natsdist.Options) parts {
	tb.Helper()
	nc := natstest.Connect(tb, url, natsdist.ConnOptions()...)
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	layer, err := natsdist.New(ctx, hybrid.Must(jetstream.New(nc)), "cache", opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = layer.Close() })
	// A new bucket of a cluster has no leader at first.
	natstest.WaitFor(tb, patience, "the bucket", func() bool {
		ctx, cancel := context.WithTimeout(tb.Context(), time.Second)
		defer cancel()
		return layer.Set(ctx, "ready", nil, time.Minute) == nil
	})
	return parts{layer, hybrid.Must(natsbus.New(nc, hybrid.Channel(app), nil))}
}

// node is one process of a service, as far as its cache goes.
type node struct {
	*hybrid.Cache[int]
	stack         *hybrid.Stack
	joined, drops atomic.Int64 // subscriptions; results of loads that were stored nowhere
}

func start(tb testing.TB, p parts) *node {
	tb.Helper()
	n := &node{}
	n.stack = hybrid.Must(hybrid.New(hybrid.Options{
		Name: app, Distributed: p.distributed, Backplane: p.backplane,
		Memory:     hybrid.Must(ottermem.New(nil)),
		Serializer: hybrid.Must(msgpackser.New(nil)),
		Plugins:    []core.Plugin{n},
		Defaults:   core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, DistributedTimeout: patience},
	}))
	n.Cache = hybrid.Must(hybrid.Of[int](n.stack, "v"))
	tb.Cleanup(func() { n.close(tb) })
	if p.backplane != nil {
		natstest.WaitFor(tb, patience, "a node to join", func() bool { return n.joined.Load() > 0 })
	}
	return n
}

func (n *node) close(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := n.stack.Close(ctx); err != nil {
		tb.Errorf("close: %v", err)
	}
}

// Name implements core.Plugin.
func (*node) Name() string { return "test" }

// Install implements core.Plugin.
func (n *node) Install(h *core.Host) error {
	h.OnEvent(core.Joined, func(core.Event) { n.joined.Add(1) })
	h.OnEvent(core.Fenced, func(core.Event) { n.drops.Add(1) })
	return nil
}

// set and get must not fail.
func (n *node) set(tb testing.TB, key string, v int) {
	tb.Helper()
	mustCommit(tb)(n.Set(tb.Context(), key, v, core.Tags(tag)))
}

func mustCommit(tb testing.TB) func(core.Outcome, error) {
	tb.Helper()
	return func(o core.Outcome, err error) {
		tb.Helper()
		if o != core.Committed || err != nil {
			tb.Fatalf("a write: %v, %v", o, err)
		}
	}
}

// found is what a read finds; 0 is nothing.
func (n *node) found(tb testing.TB, key string, opts ...core.Option) int {
	tb.Helper()
	v, _, err := n.Get(tb.Context(), key, append(opts, core.ReturnLayerErrors(true))...)
	if err != nil {
		tb.Fatalf("get %q: %v", key, err)
	}
	return v
}

// slow is a load that has begun, and ends when told to.
type slow struct {
	release chan struct{}
	done    chan error
}

// load begins to load v on the node, and returns when the factory is running.
func (n *node) load(tb testing.TB, key string, v int) *slow {
	tb.Helper()
	s := &slow{release: make(chan struct{}), done: make(chan error, 1)}
	running := make(chan struct{})
	go func() {
		_, err := n.GetOrSet(tb.Context(), key, func(ctx context.Context, _ string) (int, error) {
			close(running)
			select {
			case <-s.release:
				return v, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}, core.Tags(tag))
		s.done <- err
	}()
	select {
	case <-running:
	case err := <-s.done:
		tb.Fatalf("the factory was not called: %v", err)
	}
	return s
}

// end lets the load end and waits until its result was stored, or was not.
func (s *slow) end(tb testing.TB) {
	tb.Helper()
	close(s.release)
	if err := <-s.done; err != nil {
		tb.Errorf("the load: %v", err)
	}
}

func want(tb testing.TB, who string, got, want int) {
	tb.Helper()
	if got != want {
		tb.Errorf("%s has %s, want %s", who, text(got), text(want))
	}
}

func text(v int) string {
	if v == 0 {
		return "nothing"
	}
	return fmt.Sprint(v)
}

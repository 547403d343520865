// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package many_test proves on real servers that operations on many keys take few
// round trips, share loads with others, and fail key by key.
package many_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
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

const app, patience = "app", 20 * time.Second

func TestMain(m *testing.M) {
	logging.Disable()
	m.Run()
}

type view = hybrid.Keyed[int, string]

// node returns a view on a new stack of the parts, which hears the others.
func node(tb testing.TB, layer core.DistributedLayer, bus core.Backplane) *view {
	tb.Helper()
	joined := make(chan struct{})
	heard := sync.OnceFunc(func() { close(joined) })
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name: app, Memory: hybrid.Must(ottermem.New(nil)), Distributed: layer, Backplane: bus,
		Serializer: hybrid.Must(msgpackser.New(nil)),
		Defaults:   core.EntryOptions{TTL: time.Hour, StaleTTL: 2 * time.Hour, DistributedTimeout: 5 * time.Second},
		Plugins:    []core.Plugin{plugin(func(h *core.Host) { h.OnEvent(core.Joined, func(core.Event) { heard() }) })},
	}))
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = stack.Close(ctx)
	})
	select {
	case <-joined:
	case <-time.After(patience):
		tb.Fatal("the node has not joined")
	}
	return hybrid.NewKeyed(hybrid.Must(hybrid.Of[string](stack, "product")), hybrid.IntKey[int])
}

// plugin is a plugin that consists of its installation.
type plugin func(h *core.Host)

func (plugin) Name() string                 { return "test" }
func (p plugin) Install(h *core.Host) error { p(h); return nil }

func redisNode(tb testing.TB, url string) *view {
	tb.Helper()
	client := redis.NewUniversalClient(hybrid.Must(redisdist.ClientOptions(url, nil)))
	tb.Cleanup(func() { _ = client.Close() })
	return node(tb, hybrid.Must(redisdist.New(client, nil)), hybrid.Must(redisbus.New(client, hybrid.Channel(app), nil)))
}

func natsNode(tb testing.TB, url string) *view {
	tb.Helper()
	conn := hybrid.Must(nats.Connect(url, natsdist.ConnOptions()...))
	tb.Cleanup(conn.Close)
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	layer := hybrid.Must(natsdist.New(ctx, hybrid.Must(jetstream.New(conn)), "cache", &natsdist.Options{Storage: jetstream.MemoryStorage}))
	tb.Cleanup(func() { _ = layer.Close() })
	return node(tb, layer, hybrid.Must(natsbus.New(conn, hybrid.Channel(app), nil)))
}

// everywhere runs a scenario on each kind of server. start returns another node.
func everywhere(t *testing.T, scenario func(t *testing.T, start func() *view)) {
	t.Run("redis", func(t *testing.T) {
		server := redistest.Start(t, nil)
		scenario(t, func() *view { return redisNode(t, server.URL()) })
	})
	t.Run("redis cluster", func(t *testing.T) {
		cluster := redistest.StartCluster(t)
		scenario(t, func() *view { return redisNode(t, cluster.URL()) })
	})
	t.Run("nats", func(t *testing.T) {
		server := natstest.Start(t, nil)
		scenario(t, func() *view { return natsNode(t, server.URL()) })
	})
}

func ids(from, to int) (out []int) {
	for id := from; id < to; id++ {
		out = append(out, id)
	}
	return out
}

func named(keys []int) map[int]string {
	out := map[int]string{}
	for _, id := range keys {
		out[id] = fmt.Sprint("product ", id)
	}
	return out
}

// source is a database of products, which counts the queries and the products asked
// for.
type source struct {
	mu      sync.Mutex
	queries int
	asked   map[int]int
	pause   time.Duration
}

func (s *source) load(ctx context.Context, keys []int) (map[int]string, error) {
	s.mu.Lock()
	s.queries++
	if s.asked == nil {
		s.asked = map[int]int{}
	}
	for _, id := range keys {
		s.asked[id]++
	}
	s.mu.Unlock()
	timer := time.NewTimer(s.pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return named(keys), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// expect says if there were more queries, and fails the test if a product was asked for
// twice.
func (s *source) expect(t *testing.T, queries int) error {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.asked {
		if n != 1 {
			t.Errorf("product %d was asked for %d times", id, n)
		}
	}
	if s.queries != queries {
		return fmt.Errorf("%d queries, want %d", s.queries, queries)
	}
	return nil
}

// within3 calls attempt until one succeeds, three times at most, each with keys of its
// own. It is for what is done together if all are there within resilience.GatherTime: the
// machine may be busy.
func within3(t *testing.T, attempt func(first int) error) {
	t.Helper()
	var err error
	for first := range 3 {
		if err = attempt(first * 1000); err == nil {
			return
		}
		t.Logf("once more: %v", err)
	}
	t.Error(err)
}

func expect(t *testing.T, got map[int]string, err error, want []int) {
	t.Helper()
	if err != nil || len(got) != len(want) {
		t.Errorf("%d products, %v, want %d", len(got), err, len(want))
	}
	for _, id := range want {
		if got[id] != fmt.Sprint("product ", id) {
			t.Errorf("product %d is %q", id, got[id])
		}
	}
}

// soon waits until cond holds.
func soon(tb testing.TB, what string, cond func() bool) {
	tb.Helper()
	redistest.Eventually(tb, patience, what, cond)
}

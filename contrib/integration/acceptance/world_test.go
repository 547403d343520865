// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// world is a server that nodes meet at.
type world interface {
	// addr returns the host and port to connect to, or "" if there is no network.
	addr() string

	// open returns the two parts of a node of an application. They are closed at
	// the end of the test, after whatever is opened later.
	open(tb testing.TB, addr, app string) (core.DistributedLayer, core.Backplane)
}

// worlds are the servers that a scenario must hold on, but for clusters.
var worlds = map[string]func(tb testing.TB) world{
	"redis": func(tb testing.TB) world { return startRedis(tb) },
	"nats":  func(tb testing.TB) world { return natsWorld{natstest.Start(tb, nil)} },
	"local": func(tb testing.TB) world { return startLocal(tb) },
}

// everywhere runs a scenario in every world. The cluster comes last: it takes seconds
// to form, which it does meanwhile.
func everywhere(t *testing.T, scenario func(t *testing.T, w world)) {
	t.Helper()
	cluster := redistest.BeginCluster(t)
	in(t, scenario, "redis", "nats", "local")
	t.Run("cluster", func(t *testing.T) {
		cluster.Await(t)
		scenario(t, clusterWorld{cluster})
	})
}

// everywhereConnected runs a scenario in the worlds with a network that can fail.
func everywhereConnected(t *testing.T, scenario func(t *testing.T, w world)) {
	t.Helper()
	in(t, scenario, "redis", "nats")
}

func in(t *testing.T, scenario func(t *testing.T, w world), names ...string) {
	t.Helper()
	for _, name := range names {
		t.Run(name, func(t *testing.T) { scenario(t, worlds[name](t)) })
	}
}

// patient is for a machine that is busy with other things: the limits that a test is
// about are those of the cache.
var patient = &redisdist.OpenOptions{DialTimeout: patience / 2, ReadTimeout: patience / 2, WriteTimeout: patience / 2}

// redisWorld is a Redis server: entries as strings, channels of its
// publish/subscribe.
type redisWorld struct{ *redistest.Server }

func startRedis(tb testing.TB) redisWorld {
	tb.Helper()
	return redisWorld{redistest.Start(tb, nil)}
}

func (w redisWorld) addr() string { return w.Addr() }

func (w redisWorld) open(tb testing.TB, addr, app string) (core.DistributedLayer, core.Backplane) {
	tb.Helper()
	client := redis.NewUniversalClient(hybrid.Must(redisdist.ClientOptions("redis://"+addr, patient)))
	tb.Cleanup(func() { _ = client.Close() })
	return hybrid.Must(redisdist.New(client, nil)), hybrid.Must(redisbus.New(client, hybrid.Channel(app), nil))
}

// clusterWorld is a Redis Cluster of three masters.
type clusterWorld struct{ *redistest.Cluster }

func (w clusterWorld) addr() string { return "" }

func (w clusterWorld) open(tb testing.TB, _, app string) (core.DistributedLayer, core.Backplane) {
	tb.Helper()
	client := redis.NewUniversalClient(hybrid.Must(redisdist.ClientOptions(w.URL(), patient)))
	tb.Cleanup(func() { _ = client.Close() })
	return hybrid.Must(redisdist.New(client, nil)), hybrid.Must(redisbus.New(client, hybrid.Channel(app), nil))
}

// natsWorld is a NATS server: a bucket of JetStream KV, a subject of core NATS.
type natsWorld struct{ *natstest.Server }

func (w natsWorld) addr() string { return w.Addr() }

func (w natsWorld) open(tb testing.TB, addr, app string) (core.DistributedLayer, core.Backplane) {
	tb.Helper()
	nc, err := nats.Connect(w.URLTo(addr), append(natsdist.ConnOptions(), nats.Timeout(patience/2))...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(nc.Close)
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	js := hybrid.Must(jetstream.New(nc))
	layer, err := natsdist.New(ctx, js, "cache", &natsdist.Options{Storage: jetstream.MemoryStorage})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = layer.Close() })
	return layer, hybrid.Must(natsbus.New(nc, hybrid.Channel(app), nil))
}

// localWorld is the process itself, with no network in it.
type localWorld struct {
	store *localdist.Store
	bus   *localbus.Bus
}

func startLocal(tb testing.TB) localWorld {
	tb.Helper()
	return localWorld{hybrid.Must(localdist.New(nil)), hybrid.Must(localbus.NewBus(nil))}
}

func (localWorld) addr() string { return "" }

func (w localWorld) open(_ testing.TB, _, app string) (core.DistributedLayer, core.Backplane) {
	return w.store, w.bus.Channel(hybrid.Channel(app))
}

// left returns how long Redis keeps what it holds for key of view "v" of an
// application: go-redis gives -2ns if there is nothing, -1ns if it is for ever.
func (w redisWorld) left(tb testing.TB, app, key string) time.Duration {
	tb.Helper()
	d, err := w.Client().PTTL(tb.Context(), entryKey(app, key)).Result()
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// bytes returns what Redis holds for key of view "v" of an application.
func (w redisWorld) bytes(tb testing.TB, app, key string) (data string, ok bool) {
	tb.Helper()
	data, err := w.Client().Get(tb.Context(), entryKey(app, key)).Result()
	if err != nil && err != redis.Nil {
		tb.Fatal(err)
	}
	return data, err == nil
}

// entryKey is the documented place of an entry of view "v".
func entryKey(app, key string) string { return app + ":1:e:v:" + key }

// wantGone checks that nothing is left of key but, for a minute, the mark of its
// removal. Without the mark, a load that had begun before the removal, on
// whatever node, could bring the value back.
func (w redisWorld) wantGone(tb testing.TB, app, key string) {
	tb.Helper()
	data, ok := w.bytes(tb, app, key)
	if !ok {
		return
	}
	h, err := core.ParseHeader([]byte(data))
	if err != nil || h.Kind != core.TombstoneWrite || len(data) != core.HeaderSize {
		tb.Errorf("after a removal Redis holds %q, %v", data, err)
	}
	if left := w.left(tb, app, key); left <= 0 || left > time.Minute {
		tb.Errorf("the mark of a removal stays for %v, want at most a minute", left)
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package nodelock_test runs three nodes that share locks on real servers.
package nodelock_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/adapters/natslock"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/adapters/redislock"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

const app, patience = "shop", 20 * time.Second

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// parts are what a node has on a server.
type parts func(tb testing.TB) hybrid.Options

func onRedis(s *redistest.Server, faults *redistest.Faults) parts {
	return func(tb testing.TB) hybrid.Options {
		options := hybrid.Must(redisdist.ClientOptions(s.URL(), &redisdist.OpenOptions{ // the machine may be busy
			DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience,
		}))
		client := redis.NewUniversalClient(options)
		tb.Cleanup(func() { _ = client.Close() })
		lockClient := client
		if faults != nil {
			lockOptions := *options
			lockOptions.Dialer = faults.Dial
			lockClient = redis.NewUniversalClient(&lockOptions)
			tb.Cleanup(func() { _ = lockClient.Close() })
		}
		locks := hybrid.Must(redislock.New(lockClient, nil))
		tb.Cleanup(func() { _ = locks.Close() })
		return hybrid.Options{
			Distributed: hybrid.Must(redisdist.New(client, nil)),
			Backplane:   hybrid.Must(redisbus.New(client, hybrid.Channel(app), nil)),
			Locker:      locks,
		}
	}
}

func onNATS(s *natstest.Server) parts {
	return func(tb testing.TB) hybrid.Options {
		conn := s.Connect(tb, natsdist.ConnOptions()...)
		js := hybrid.Must(jetstream.New(conn))
		layer := hybrid.Must(natsdist.New(tb.Context(), js, app, nil))
		locks := hybrid.Must(natslock.New(js, app+"-locks", nil))
		tb.Cleanup(func() {
			_ = locks.Close()
			_ = layer.Close()
		})
		return hybrid.Options{
			Distributed: layer,
			Backplane:   hybrid.Must(natsbus.New(conn, hybrid.Channel(app), nil)),
			Locker:      locks,
		}
	}
}

// start returns n nodes that have heard of each other.
func start(tb testing.TB, n int, on parts) (nodes []*hybrid.Cache[int]) {
	tb.Helper()
	for range n {
		o := on(tb)
		o.Name = app
		o.Memory = hybrid.Must(ottermem.New(nil))
		o.Serializer = hybrid.Must(msgpackser.New(nil))
		o.Defaults = core.EntryOptions{TTL: time.Minute, NodeLock: patience, DistributedTimeout: patience} // the machine may be busy
		s, err := hybrid.New(o)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := s.Close(ctx); err != nil {
				tb.Error(err)
			}
		})
		nodes = append(nodes, hybrid.Must(hybrid.Of[int](s, "products")))
	}
	<-time.After(3 * time.Second) // a node that has just come does not trust what it hears
	return nodes
}

// stampede has 50 callers at each node, at once, for each of some keys.
func stampede(tb testing.TB, nodes []*hybrid.Cache[int], keys int) (loads []*atomic.Int64) {
	tb.Helper()
	var wg sync.WaitGroup
	for k := range keys {
		n := new(atomic.Int64)
		loads = append(loads, n)
		for i := range 50 * len(nodes) {
			wg.Go(func() {
				v, err := nodes[i%len(nodes)].GetOrSet(tb.Context(), fmt.Sprint("cold ", k), func(ctx context.Context, _ string) (int, error) {
					n.Add(1)
					select {
					case <-time.After(200 * time.Millisecond):
					case <-ctx.Done():
					}
					return k, nil
				})
				if v != k || err != nil {
					tb.Errorf("key %d: got %d, %v", k, v, err)
				}
			})
		}
	}
	wg.Wait()
	return loads
}

func oneLoad(t *testing.T, on parts) {
	t.Helper()
	for k, loads := range stampede(t, start(t, 3, on), 20) {
		if n := loads.Load(); n != 1 {
			t.Errorf("%d loads of key %d, want one over all nodes", n, k)
		}
	}
}

func TestSeed_ST1_OneLoadOverThreeNodes_Redis(t *testing.T) {
	oneLoad(t, onRedis(redistest.Start(t, nil), nil))
}

func TestSeed_ST1_OneLoadOverThreeNodes_NATS(t *testing.T) {
	oneLoad(t, onNATS(natstest.Start(t, nil)))
}

// The locks cannot be reached, and the rest can: each node loads for itself.
func TestNodeLock_LoadsGoOnWithoutTheLocks(t *testing.T) {
	s := redistest.Start(t, nil)
	faults := redistest.NewFaults(t, s.Addr())
	nodes := start(t, 3, onRedis(s, faults))
	faults.Break()
	began := time.Now()
	for k, loads := range stampede(t, nodes, 20) {
		if n := loads.Load(); n < 1 || n > 2*int64(len(nodes)) {
			t.Errorf("%d loads of key %d", n, k)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// The locks hang, and the rest does not: a load waits for them once, for as long as
// DistributedTimeout says, and the next ones not at all.
func TestSeed_TO1_LocksThatHangAreWaitedForOnce(t *testing.T) {
	s := redistest.Start(t, nil)
	faults := redistest.NewFaults(t, s.Addr())
	node := start(t, 1, onRedis(s, faults))[0]
	faults.Hang()
	const limit, slack = 500 * time.Millisecond, 500 * time.Millisecond
	load := func(context.Context, string) (int, error) { return 1, nil }
	for i, most := range []time.Duration{limit + slack, slack} {
		began := time.Now()
		v, err := node.GetOrSet(t.Context(), fmt.Sprint("k", i), load, core.DistributedTimeouts(0, limit))
		if took := time.Since(began); v != 1 || err != nil || took > most {
			t.Errorf("load %d: got %d, %v after %v, want at most %v", i, v, err, took, most)
		}
	}
	faults.Restore()
}

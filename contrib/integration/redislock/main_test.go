// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redislock_test runs the locks of redislock against real servers.
package redislock_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/adapters/redislock"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/locktest"
)

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// node returns a locker with a client of its own. A nil faults is the plain
// network.
func node(tb testing.TB, url string, faults *redistest.Faults) (*redislock.Locker, redis.UniversalClient) {
	tb.Helper()
	options, err := redisdist.ClientOptions(url, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if faults != nil {
		options.Dialer = faults.Dial
	}
	client := redis.NewUniversalClient(options)
	locks, err := redislock.New(client, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = locks.Close()
		_ = client.Close()
	})
	return locks, client
}

func conformance(t *testing.T, url string, flush func(tb testing.TB), addrs ...string) {
	t.Helper()
	locktest.Run(t, locktest.Harness{
		New: func(tb testing.TB) locktest.Service {
			flush(tb)
			faults := redistest.NewFaults(tb, addrs...)
			return locktest.Service{
				Node: func() core.Locker {
					locks, _ := node(tb, url, faults)
					return locks
				},
				Closed: func() core.Locker {
					locks, client := node(tb, url, faults)
					if _, err := locks.TryLock(tb.Context(), "before", time.Second); err != nil {
						tb.Fatal(err)
					}
					_ = client.Close()
					return locks
				},
				Cut: func() func() {
					faults.Break()
					return faults.Restore
				},
				Hang: func() func() {
					faults.Hang()
					return faults.Restore
				},
			}
		},
	})
}

func TestConformance_Single(t *testing.T) {
	s := redistest.Start(t, nil)
	_, client := node(t, s.URL(), nil)
	conformance(t, s.URL(), func(tb testing.TB) {
		if err := client.FlushAll(tb.Context()).Err(); err != nil {
			tb.Fatal(err)
		}
	}, s.Addr())
}

func TestConformance_Cluster(t *testing.T) {
	c := redistest.StartCluster(t)
	_, client := node(t, c.URL(), nil)
	conformance(t, c.URL(), func(tb testing.TB) {
		err := client.(*redis.ClusterClient).ForEachMaster(tb.Context(), func(ctx context.Context, m *redis.Client) error {
			return m.FlushAll(ctx).Err()
		})
		if err != nil {
			tb.Fatal(err)
		}
	}, c.Addrs()...)
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package natslock_test runs the locks of natslock against real servers.
package natslock_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/adapters/natslock"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/locktest"
)

// node returns a locker with a connection of its own to url.
func node(tb testing.TB, url, bucket string, opts *natslock.Options) (*natslock.Locker, *nats.Conn) {
	tb.Helper()
	conn, err := nats.Connect(url, append(natsdist.ConnOptions(), nats.ReconnectWait(20*time.Millisecond), nats.IgnoreDiscoveredServers())...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(conn.Close)
	return on(tb, conn, bucket, opts), conn
}

// on returns a locker on a connection, which is closed before that.
func on(tb testing.TB, conn *nats.Conn, bucket string, opts *natslock.Options) *natslock.Locker {
	tb.Helper()
	js, err := jetstream.New(conn)
	if err != nil {
		tb.Fatal(err)
	}
	locks, err := natslock.New(js, bucket, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = locks.Close() })
	return locks
}

// ready makes the bucket and waits until it has a leader.
func ready(tb testing.TB, s *natstest.Server, bucket string, opts *natslock.Options) {
	tb.Helper()
	locks, _ := node(tb, s.URL(), bucket, opts)
	natstest.WaitFor(tb, 30*time.Second, "the bucket", func() bool {
		lease, err := locks.TryLock(tb.Context(), "ready", time.Second)
		return lease != nil && err == nil
	})
}

func conformance(t *testing.T, s *natstest.Server, opts *natslock.Options) {
	t.Helper()
	locktest.Run(t, locktest.Harness{
		TTL: time.Second,
		New: func(tb testing.TB) locktest.Service {
			bucket := "locks-" + nats.NewInbox()[7:]
			proxy, err := netfault.New(s.Addr())
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { _ = proxy.Close() })
			ready(tb, s, bucket, opts)
			return locktest.Service{
				Node: func() core.Locker {
					locks, _ := node(tb, s.URLTo(proxy.Addr()), bucket, opts)
					return locks
				},
				Closed: func() core.Locker {
					locks, conn := node(tb, s.URLTo(proxy.Addr()), bucket, opts)
					if _, err := locks.TryLock(tb.Context(), "before", time.Second); err != nil {
						tb.Fatal(err)
					}
					conn.Close()
					return locks
				},
				Cut: func() func() {
					proxy.Refuse()
					proxy.Cut()
					return proxy.Restore
				},
				Hang: func() func() {
					proxy.Hang()
					return proxy.Restore
				},
			}
		},
	})
}

func TestConformance_Single(t *testing.T) {
	t.Parallel()
	conformance(t, natstest.Start(t, nil), nil)
}

func TestConformance_Cluster(t *testing.T) {
	t.Parallel()
	conformance(t, natstest.StartCluster(t, nil).Servers[0], &natslock.Options{Replicas: 3, OnDisk: true})
}

// A bucket in memory is gone after a restart: the locks are free, and can be
// taken.
func TestLocker_MakesALostBucketAgain(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	locks, _ := node(t, s.URL(), "locks", nil)
	lost, err := locks.TryLock(t.Context(), "k", time.Minute)
	if err != nil || lost == nil {
		t.Fatal(lost, err)
	}
	js, err := jetstream.New(s.Connect(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), "KV_locks"); err != nil {
		t.Fatal(err)
	}
	var taken core.Lease
	natstest.WaitFor(t, 30*time.Second, "a lock", func() bool {
		taken, err = locks.TryLock(t.Context(), "k", time.Minute)
		return err == nil && taken != nil
	})
	if err := lost.Renew(t.Context(), time.Minute); err == nil {
		t.Error("a lost lease was renewed")
	}
	if err := lost.Release(t.Context()); err != nil {
		t.Error(err)
	}
	if again, err := locks.TryLock(t.Context(), "k", time.Minute); err != nil || again != nil {
		t.Errorf("the lock of the present holder was taken: %v, %v", again, err)
	}
}

// Locks in a bucket with a history would come back.
func TestSeed_ER1_AnUnsuitableBucketIsNamed(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, nil)
	js, err := jetstream.New(s.Connect(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "locks", History: 5}); err != nil {
		t.Fatal(err)
	}
	locks, _ := node(t, s.URL(), "locks", nil)
	if lease, err := locks.TryLock(t.Context(), "k", time.Minute); lease != nil || !errors.Is(err, natslock.ErrBucket) {
		t.Errorf("TryLock: %v, %v, want ErrBucket", lease, err)
	}
}

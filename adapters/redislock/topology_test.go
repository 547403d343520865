// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redislock_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redislock"
	"github.com/fusioncache-go/fusioncache/core"
)

// deadCluster returns a locker on a cluster whose only master does not answer, and
// counts how often the client asks for the topology.
func deadCluster(t *testing.T) (locks *redislock.Locker, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	client := redis.NewClusterClient(&redis.ClusterOptions{
		ContextTimeoutEnabled:  true,
		DialerRetries:          1,
		DisableRoutingPolicies: true, // which would ask the master for them first
		Dialer:                 func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("nobody there") },
		ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
			asked.Add(1)
			return []redis.ClusterSlot{{Start: 0, End: 16383, Nodes: []redis.ClusterNode{{Addr: "10.0.0.1:1"}}}}, nil
		},
	})
	locks, err := redislock.New(client, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = locks.Close()
		_ = client.Close()
	})
	return locks, asked
}

func TestLocker_AsksForTheTopologyWhenAMasterDoesNotAnswer(t *testing.T) {
	for name, call := range map[string]func(ctx context.Context, locks core.Locker) error{
		"TryLock": func(ctx context.Context, locks core.Locker) error {
			_, err := locks.TryLock(ctx, "k", time.Minute)
			return err
		},
		"Wait": func(ctx context.Context, locks core.Locker) error { return locks.Wait(ctx, "k") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				locks, asked := deadCluster(t)
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond) // Wait does not ask for the life of the lock yet
				defer cancel()
				if err := call(ctx, locks); err == nil {
					t.Error("a dead cluster lends locks")
				}
				time.Sleep(time.Second) // for so long go-redis may pause before and after
				if n := asked.Load(); n < 2 {
					t.Errorf("asked %d times, want once more", n)
				}
			})
		})
	}
}

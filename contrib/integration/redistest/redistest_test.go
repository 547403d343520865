// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistest_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
)

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

func newClient(t *testing.T, o *redis.Options) *redis.Client {
	t.Helper()
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled = -1, 1, true
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestServer_SurvivesSignalsAndRestarts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := redistest.Start(t, nil)
	c := newClient(t, &redis.Options{Addr: s.Addr()})
	if err := c.Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}

	s.Stop(t)
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if err := c.Get(short, "k").Err(); err == nil {
		t.Error("a stopped server answered")
	}
	s.Resume(t)
	if got, err := c.Get(ctx, "k").Result(); got != "v" {
		t.Errorf("after resume: %q, %v", got, err)
	}

	addr := s.Addr()
	s.Kill(t)
	if err := c.Get(ctx, "k").Err(); err == nil {
		t.Error("a killed server answered")
	}
	s.Restart(t)
	if s.Addr() != addr {
		t.Errorf("restarted on %s, want %s", s.Addr(), addr)
	}
	if err := c.Get(ctx, "k").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("after restart: %v, want a miss", err)
	}
}

func TestServer_CountsCommands(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	c := newClient(t, &redis.Options{Addr: s.Addr()})
	before := s.CommandStats(t)
	for range 3 {
		_ = c.Get(t.Context(), "k").Err()
	}
	if got := s.CommandStats(t)["get"] - before["get"]; got != 3 {
		t.Errorf("counted %d gets, want 3", got)
	}
}

func TestServer_UsersAndPassword(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{Password: "root", Users: []string{"app on >secret ~app:* +get"}})
	c := newClient(t, &redis.Options{Addr: s.Addr(), Username: "app", Password: "secret"})
	if err := c.Get(t.Context(), "app:k").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("allowed key: %v, want a miss", err)
	}
	if err := c.Get(t.Context(), "k").Err(); !redis.HasErrorPrefix(err, "NOPERM") {
		t.Errorf("other key: %v, want NOPERM", err)
	}
	opts, err := redis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	if err := newClient(t, opts).Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Errorf("default user: %v", err)
	}
}

func TestServer_TLSAndSocket(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{TLS: true, Socket: true})
	if err := newClient(t, &redis.Options{Addr: s.Addr(), TLSConfig: s.TLSConfig()}).Ping(t.Context()).Err(); err != nil {
		t.Errorf("tls: %v", err)
	}
	if err := newClient(t, &redis.Options{Addr: s.Addr(), ReadTimeout: time.Second}).Ping(t.Context()).Err(); err == nil {
		t.Error("the TLS port speaks plain text")
	}
	if err := newClient(t, &redis.Options{Addr: s.Socket()}).Ping(t.Context()).Err(); err != nil {
		t.Errorf("socket: %v", err)
	}
}

func TestServer_ListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	bind, err := s.Client().ConfigGet(t.Context(), "bind").Result()
	if host, _, _ := net.SplitHostPort(s.Addr()); err != nil || bind["bind"] != "127.0.0.1" || host != "127.0.0.1" {
		t.Errorf("bind %v, %v", bind, err)
	}
}

func TestCluster_HoldsKeysOnAllNodes(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs()[:1]})
	t.Cleanup(func() { _ = client.Close() })
	owners := map[string]bool{}
	for _, key := range strings.Split("abcdefghijkl", "") {
		if err := client.Set(t.Context(), key, key, 0).Err(); err != nil {
			t.Fatal(err)
		}
		owner := c.Owner(t, key)
		if got, err := owner.Client().Get(t.Context(), key).Result(); got != key {
			t.Errorf("owner of %q has %q, %v", key, got, err)
		}
		owners[owner.Addr()] = true
	}
	if len(owners) != len(c.Nodes) {
		t.Errorf("keys on %d nodes, want %d", len(owners), len(c.Nodes))
	}
}

func TestSentinel_PromotesTheReplica(t *testing.T) {
	t.Parallel()
	s := redistest.StartSentinel(t)
	s.Master.Kill(t)
	redistest.Eventually(t, 30*time.Second, "a failover", func() bool {
		return s.Replica.Info(t, "replication", "role") == "master"
	})
}

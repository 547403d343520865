// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers_test

import (
	"context"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/servers"
)

// A contestant that only seems to hit would look fast.
func TestPeers_HitAndReturnWhatWasLoaded(t *testing.T) {
	hits(t, load.Text())
	hits(t, load.Record())
	hits(t, load.Blob())
}

func hits[V any](t *testing.T, kind load.Kind[V]) {
	addr := redis(t)
	for _, p := range append(peers.All[V](), peers.Policies[V]()...) {
		t.Run(p.Name+", "+kind.Name, func(t *testing.T) {
			if p.NeedsRedis && addr == "" {
				t.Skip("left out: redis-server is not on the PATH")
			}
			var loads atomic.Int64
			c, err := p.New(peers.Config[V]{Capacity: 1000, Redis: addr, Load: func(_ context.Context, key string) (V, error) {
				loads.Add(1)
				return kind.Make(load.Number(key)), nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for round := 0; ; round++ {
				before := loads.Load()
				for i := range 100 {
					if v, err := c.Get(t.Context(), load.Key(i)); err != nil || !kind.Is(v, i) {
						t.Fatalf("key %d: %v, %v", i, v, err)
					}
				}
				peers.Settle(c)
				if loads.Load() == before {
					return
				}
				if round == 100 {
					t.Fatal("it does not keep what it has loaded")
				}
			}
		})
	}
}

// redis returns the address of a server, or "" where there is none.
func redis(t *testing.T) string {
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("FUSIONCACHE_REQUIRE_SERVERS") == "1" {
			t.Fatal("redis-server is not on the PATH")
		}
		return ""
	}
	r, err := servers.StartRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r.Addr()
}

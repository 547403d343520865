// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/core"
)

// twoMasters returns a layer on a cluster of two masters, and one key of each.
func twoMasters(t *testing.T, masters map[string]*clockwork) (l *redisdist.Layer, keys []string) {
	t.Helper()
	client := redis.NewClusterClient(&redis.ClusterOptions{
		ContextTimeoutEnabled:  true,
		DisableRoutingPolicies: true, // which would ask for them first
		ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
			return []redis.ClusterSlot{
				{Start: 0, End: 8191, Nodes: []redis.ClusterNode{{Addr: "10.0.0.1:1"}}},
				{Start: 8192, End: 16383, Nodes: []redis.ClusterNode{{Addr: "10.0.0.2:1"}}},
			}, nil
		},
	})
	t.Cleanup(func() { _ = client.Close() })
	client.OnNewNode(func(node *redis.Client) { node.AddHook(serverFunc(masters[node.Options().Addr].serve)) })
	l, err := redisdist.New(client, nil)
	if err != nil {
		t.Fatal(err)
	}
	for of := range masters {
		keys = append(keys, keyOf(t, client, of))
	}
	return l, keys
}

// keyOf returns a key that a master has.
func keyOf(t *testing.T, client *redis.ClusterClient, addr string) string {
	t.Helper()
	for i := range 1000 {
		key := fmt.Sprint("k", i)
		if master, err := client.MasterForKey(t.Context(), key); err == nil && master.Options().Addr == addr {
			return key
		}
	}
	t.Fatalf("no key for %s", addr)
	return ""
}

// Each master has a clock of its own, and they need not agree.
func TestArbitrate_KnowsTheClockOfEachMaster(t *testing.T) {
	w := forced("")
	masters := map[string]*clockwork{"10.0.0.1:1": {header: header(w)}, "10.0.0.2:1": {header: header(w), ahead: time.Hour}}
	l, keys := twoMasters(t, masters)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	round := func() {
		t.Helper()
		for _, key := range keys {
			if r, err := l.Arbitrate(ctx, key, w); err != nil || !r.Stored {
				t.Errorf("%+v, %v", r, err)
			}
		}
		out, err := l.ArbitrateMany(ctx, []core.KeyWrite{{Key: keys[0], Write: w}, {Key: keys[1], Write: w}})
		for _, r := range out {
			if err != nil || r.Err != nil || !r.Stored {
				t.Errorf("%+v, %v", r, err)
			}
		}
	}
	round() // the first write to a master may be refused once
	for _, s := range masters {
		if s.late > 1 {
			t.Errorf("%d writes of the first round came too late", s.late)
		}
		s.late, s.limits = 0, nil
	}
	for range 5 {
		round()
	}
	for addr, s := range masters {
		if s.late > 0 || len(s.limits) != 10 || s.limits[9] == "" {
			t.Errorf("%s: %d of the writes with limits %q came too late", addr, s.late, s.limits)
		}
	}
}

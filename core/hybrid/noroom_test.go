// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// crammed is a server that takes no writes while it is full, and can always delete. One
// that decides about writes makes way for removals, as Redis does in our script.
type crammed struct {
	*batched
	full atomic.Bool
}

var errFull = fmt.Errorf("out of memory: %w", core.ErrNoRoom)

func (s *crammed) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if h, err := core.ParseHeader(w.Data); s.full.Load() && (err != nil || h.Kind != core.TombstoneWrite) {
		if w.Mode != core.Fill {
			return core.Ruling{}, errors.Join(errFull, s.Delete(ctx, key))
		}
		return core.Ruling{}, errFull
	}
	return s.batched.Arbitrate(ctx, key, w)
}

func (s *crammed) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	if s.full.Load() {
		return errFull
	}
	return s.batched.Store.Set(ctx, key, data, ttl)
}

// What is removed while the server is full is gone for all nodes, and for those that
// start later.
func TestNoRoom_RemovalsReachAllNodes(t *testing.T) {
	for name, layered := range map[string]func(*crammed) core.DistributedLayer{
		"a server that decides": func(s *crammed) core.DistributedLayer { return s },
		"one that stores":       func(s *crammed) core.DistributedLayer { return justStores{s} },
	} {
		for call, remove := range map[string]func(*hybrid.Cache[int]) (core.Outcome, error){
			"RemoveByTag": func(c *hybrid.Cache[int]) (core.Outcome, error) {
				return c.Stack().RemoveByTag(context.Background(), "red")
			},
			"ExpireByTag": func(c *hybrid.Cache[int]) (core.Outcome, error) {
				return c.Stack().ExpireByTag(context.Background(), "red")
			},
			"Clear":  func(c *hybrid.Cache[int]) (core.Outcome, error) { return c.Stack().Clear(context.Background()) },
			"Remove": func(c *hybrid.Cache[int]) (core.Outcome, error) { return c.Remove(context.Background(), "k") },
			"Expire": func(c *hybrid.Cache[int]) (core.Outcome, error) { return c.Expire(context.Background(), "k") },
			"Set":    func(c *hybrid.Cache[int]) (core.Outcome, error) { return c.Set(context.Background(), "k", 2) },
		} {
			t.Run(name+"/"+call, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := &crammed{batched: newBatched()}
					bus := hybrid.Must(localbus.NewBus(nil))
					node := func() *hybrid.Cache[int] {
						return open[int](t, hybrid.Options{
							Distributed: layered(server), Backplane: bus.Channel(hybrid.Channel("app")),
							Defaults: core.EntryOptions{TTL: time.Hour},
						})
					}
					a, b := node(), node()
					time.Sleep(5 * time.Second)
					set(t, a, 1, core.Tags("red"))
					expectHit(t, b, 1)
					server.full.Store(true)
					if _, err := remove(a); err != nil {
						t.Fatal(err)
					}
					time.Sleep(6 * time.Second)
					for which, c := range map[string]*hybrid.Cache[int]{"the other node": b, "a new node": node()} {
						if v, ok, _ := c.Get(t.Context(), "k"); ok && v == 1 {
							t.Errorf("%s still has %d", which, v)
						}
					}
					server.full.Store(false)
				})
			})
		}
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// faulty is a server whose replies to writes can get lost, and whose reads can come from
// a replica that lags.
type faulty struct {
	*localdist.Store
	loses atomic.Bool
	shows atomic.Pointer[[]byte] // instead of what there is under an entry
}

func (f *faulty) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	r, err := f.Store.Arbitrate(ctx, key, w)
	if f.loses.Load() && err == nil {
		return core.Ruling{}, errServer
	}
	return r, err
}

func (f *faulty) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if old := f.shows.Load(); old != nil && strings.Contains(key, ":1:e:") {
		return slices.Clone(*old), true, nil
	}
	return f.Store.Get(ctx, key)
}

func (f *faulty) GetMany(ctx context.Context, keys []string) (out []core.Got, err error) {
	for _, key := range keys {
		var got core.Got
		got.Data, got.OK, got.Err = f.Get(ctx, key)
		out = append(out, got)
	}
	return out, nil
}

// freeze has reads show what there is now.
func (f *faulty) freeze(t *testing.T, key string) {
	t.Helper()
	now, ok, err := f.Store.Get(t.Context(), hybrid.KeyPrefixes("app")[0]+key)
	if !ok || err != nil {
		t.Fatalf("%q is not there: %v", key, err)
	}
	f.shows.Store(&now)
}

// A write whose reply was lost is owed, and a node reads what it owes. It does not any more
// from the moment at which it writes the key again, though that has not arrived either.
func TestSeed_CM6_WhatIsOwedIsNotReadOverARemovalThatIsUnderWay(t *testing.T) {
	for name, write := range map[string]func(t *testing.T, c *hybrid.Cache[int]){
		"removal": func(t *testing.T, c *hybrid.Cache[int]) { _, _ = c.Remove(t.Context(), "k") },
		"set that memory cannot keep": func(t *testing.T, c *hybrid.Cache[int]) {
			_, _ = c.Set(t.Context(), "k", 2, core.Without(core.SkipMemoryWrite))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &faulty{Store: hybrid.Must(localdist.New(nil))}
				bus := &slowBus{Backplane: hybrid.Must(localbus.NewBus(nil)).Channel(hybrid.Channel("app"))}
				c := open[int](t, hybrid.Options{Distributed: server, Backplane: bus, Defaults: core.EntryOptions{TTL: time.Hour}})
				time.Sleep(time.Second)
				server.loses.Store(true)
				set(t, c, 1)
				server.loses.Store(false)
				server.freeze(t, "v:k")
				bus.publish.be(time.Minute)
				go write(t, c)
				time.Sleep(100 * time.Millisecond)
				_, _, _ = c.Get(t.Context(), "k")   // at the same time as the write: any answer will do
				time.Sleep(1200 * time.Millisecond) // the message was given up
				if v, ok, _ := c.Get(t.Context(), "k", core.Without(core.SkipDistributedRead)); ok && v == 1 {
					t.Error("the node has what it has overwritten")
				}
				server.shows.Store(nil)
				bus.publish.be(0)
				time.Sleep(10 * time.Second)
			})
		})
	}
}

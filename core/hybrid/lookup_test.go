// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func lookUp(t *testing.T, c *hybrid.Cache[int], key string, opts ...core.Option) hybrid.Item[int] {
	t.Helper()
	item, err := c.Lookup(t.Context(), key, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

func TestLookup_TellsLevelAgeAndWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		options := hybrid.Options{Distributed: server, Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}}
		c, other := open[int](t, options), open[int](t, options)
		if item := lookUp(t, c, "k"); item.Status != hybrid.Absent || item.Level != 0 {
			t.Errorf("of nothing: %+v", item)
		}
		_, _ = c.Set(t.Context(), "k", 7, core.Tags("a", "b"))
		time.Sleep(20 * time.Second)
		server.gets.Store(0)
		item := lookUp(t, c, "k")
		if item.Value != 7 || item.Status != hybrid.Fresh || item.Level != core.LevelMemory || item.Age != 20*time.Second ||
			item.Remaining != 40*time.Second || item.StaleFor != 0 || item.Usable != time.Hour-20*time.Second || !slices.Equal(item.Tags, []string{"a", "b"}) {
			t.Errorf("fresh: %+v", item)
		}
		if n := server.gets.Load(); n != 0 {
			t.Errorf("%d reads of the distributed layer for what memory has", n)
		}
		if item := lookUp(t, other, "k"); item.Value != 7 || item.Level != core.LevelDistributed || item.Remaining != 40*time.Second {
			t.Errorf("on another node: %+v", item)
		}
		time.Sleep(50 * time.Second)
		for _, c := range []*hybrid.Cache[int]{c, open[int](t, options)} {
			item = lookUp(t, c, "k")
			if item.Value != 7 || item.Status != hybrid.Stale || item.Remaining != 0 || item.StaleFor != 10*time.Second {
				t.Errorf("stale: %+v", item)
			}
		}
		if item.Level != core.LevelDistributed {
			t.Errorf("a new node found it in %v", item.Level)
		}
	})
}

func TestLookup_AfterExpireAndRemove(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer, Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}})
		_, _ = c.Set(t.Context(), "k", 7, core.Tags("a"))
		_, _ = c.Expire(t.Context(), "k")
		if item := lookUp(t, c, "k"); item.Status != hybrid.Stale || item.Value != 7 {
			t.Errorf("expired: %+v", item)
		}
		_, _ = c.Set(t.Context(), "k", 8, core.Tags("a"))
		_, _ = c.Stack().ExpireByTag(t.Context(), "a")
		if item := lookUp(t, c, "k"); item.Status != hybrid.Stale || item.Value != 8 || item.Remaining != 0 {
			t.Errorf("expired with its tag: %+v", item)
		}
		_, _ = c.Remove(t.Context(), "k")
		if item := lookUp(t, c, "k"); item.Status != hybrid.Absent {
			t.Errorf("removed: %+v", item)
		}
	})
}

// A value whose life was ended has not come to its end by itself; and what a server has
// that is newer than a stale copy is from there.
func TestLookup_OfWhatWasExpiredElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		set(t, n.caches[1], 7)
		time.Sleep(time.Minute)
		_, _ = n.caches[0].Expire(t.Context(), "k")
		synctest.Wait()
		time.Sleep(time.Minute)
		for i, level := range []core.Level{core.LevelDistributed, core.LevelMemory} {
			item := lookUp(t, n.caches[1], "k")
			if item.Value != 7 || item.Status != hybrid.Stale || item.StaleFor != 0 || item.Level != level {
				t.Errorf("look %d: %+v", i, item)
			}
		}
		if item := lookUp(t, n.caches[1], "k", core.Without(core.SkipMemoryRead)); item.Level != core.LevelDistributed || item.StaleFor != 0 {
			t.Errorf("past memory: %+v", item)
		}
	})
}

func TestLookup_OfWhatWasExpiredHere(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer, Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}})
		set(t, c, 7)
		_, _ = c.Expire(t.Context(), "k")
		time.Sleep(time.Minute)
		if item := lookUp(t, c, "k"); item.Status != hybrid.Stale || item.Value != 7 || item.StaleFor != 0 {
			t.Errorf("got %+v", item)
		}
	})
}

func TestLookup_TellsOfANegativeEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{NotFoundTTL: time.Second}})
		_, _ = c.GetOrSet(t.Context(), "k", (&F[int]{results: []func() (int, error){fails[int](core.ErrNotFound)}}).load)
		if item := lookUp(t, c, "k"); item.Status != hybrid.Missing || item.Remaining != time.Second {
			t.Errorf("got %+v", item)
		}
	})
}

func TestLookup_FailsAsGetDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := open[int](t, hybrid.Options{Distributed: server})
		server.down.Store(true)
		if _, err := c.Lookup(t.Context(), "k", core.ReturnLayerErrors(true)); !errors.Is(err, errServer) {
			t.Errorf("got %v", err)
		}
		if item := lookUp(t, c, "k"); item.Status != hybrid.Absent {
			t.Errorf("got %+v", item)
		}
		if _, err := c.Lookup(t.Context(), ""); !errors.Is(err, core.ErrKey) {
			t.Errorf("got %v", err)
		}
	})
}

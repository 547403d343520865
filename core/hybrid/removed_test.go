// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// deafNodes runs two nodes on one server that hear nothing of each other.
func deafNodes(t *testing.T, run func(t *testing.T, a, b *hybrid.Cache[int])) {
	synctest.Test(t, func(t *testing.T) {
		server := hybrid.Must(localdist.New(nil))
		o := hybrid.Options{Distributed: server, Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}}
		run(t, open[int](t, o), open[int](t, o))
	})
}

// nothingHeld fails if a node still has something to fall back on.
func nothingHeld(t *testing.T, c *hybrid.Cache[int]) {
	t.Helper()
	_, err := c.GetOrRefresh(t.Context(), "k", func(_ context.Context, l *hybrid.Load[int]) (int, error) {
		if v, ok := l.Stale(); ok {
			t.Errorf("the factory gets the stale value %d", v)
		}
		return 0, errBoom
	})
	if !errors.Is(err, errBoom) {
		t.Errorf("%v, want the error of the factory", err)
	}
}

func TestRemoved_ALoadThatTheServerRefusesForARemovalLeavesNothing(t *testing.T) {
	deafNodes(t, func(t *testing.T, a, b *hybrid.Cache[int]) {
		time.AfterFunc(time.Second, func() { _, _ = b.Remove(context.Background(), "k") })
		f := &F[int]{delay: 2 * time.Second, results: []func() (int, error){returns(1)}}
		if v, err := a.GetOrSet(t.Context(), "k", f.load); v != 1 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
		nothingHeld(t, a)
	})
}

func TestRemoved_ATombstoneLeavesNothingToWhoMissedTheMessage(t *testing.T) {
	deafNodes(t, func(t *testing.T, a, b *hybrid.Cache[int]) {
		if _, err := a.Set(t.Context(), "k", 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		if _, err := b.Remove(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(31 * time.Second)
		nothingHeld(t, a)
	})
}

// What was written after the removal is a fallback, though the server has not got it.
func TestRemoved_ATombstoneLeavesWhatIsLater(t *testing.T) {
	deafNodes(t, func(t *testing.T, a, b *hybrid.Cache[int]) {
		if _, err := b.Remove(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if _, err := a.Set(t.Context(), "k", 1, core.TTL(time.Second), core.Without(core.SkipDistributedWrite)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
		if v, err := a.GetOrSet(t.Context(), "k", f.load); v != 1 || err != nil {
			t.Errorf("%d, %v, want the stale value", v, err)
		}
	})
}

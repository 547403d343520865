// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// young returns a node whose subscription stands 5 ms from now.
func young(t testing.TB, net *network, layer core.DistributedLayer) *hybrid.Cache[int] {
	t.Helper()
	o := net.join(core.EntryOptions{})
	o.Distributed = layer
	o.Backplane.(*slowBus).subscribe.be(5 * time.Millisecond)
	return open[int](t, o)
}

// tardy takes longer than the subscription of a young node: 1, then 2, and so on.
func tardy() *F[int] {
	return &F[int]{delay: 10 * time.Millisecond, results: []func() (int, error){returns(1), returns(2), returns(3)}}
}

func TestFirstJoin_KeepsTheLoadUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		c, f := young(t, net, net.server), tardy()
		expectAsk(t, c, f, 1, 1)
		gets := net.gets.Load()
		expectAsk(t, c, f, 1, 1)
		expectCount(t, "reads of a header for what was loaded before the node heard others", &net.gets, gets+1)
		expectAsk(t, c, f, 1, 1)
		expectCount(t, "reads when that has agreed", &net.gets, gets+1)
		expectAsk(t, young(t, net, net.server), f, 1, 1)
	})
}

func TestFirstJoin_KeepsTheLoadOfManyUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, calls := newNetwork(t), 0
		c := young(t, net, net.server)
		for range 2 {
			got, err := c.GetOrSetMany(t.Context(), []string{"a", "b"}, func(ctx context.Context, _ []string) (map[string]int, error) {
				calls++
				return map[string]int{"a": 1, "b": 2}, pause(ctx, 10*time.Millisecond, false)
			})
			if len(got) != 2 || err != nil {
				t.Errorf("got %v, %v", got, err)
			}
		}
		if calls != 1 {
			t.Errorf("the factory was called %d times", calls)
		}
	})
}

// What was set meanwhile counts, though the node has not heard of it.
func TestFirstJoin_ALoadUnderWayIsNoMatchForAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		other := open[int](t, net.join(core.EntryOptions{}))
		c, f := young(t, net, net.server), tardy()
		go func() {
			time.Sleep(time.Millisecond)
			set(t, other, 10)
		}()
		expectAsk(t, c, f, 1, 1)
		expectHit(t, c, 10)
		expectHit(t, other, 10)
	})
}

func TestFirstJoin_ALoadUnderWayIsNoMatchForARemoval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		other := open[int](t, net.join(core.EntryOptions{}))
		c, f := young(t, net, net.server), tardy()
		go func() {
			time.Sleep(time.Millisecond)
			if _, err := other.Remove(t.Context(), "k"); err != nil {
				t.Error(err)
			}
		}()
		expectAsk(t, c, f, 1, 1)
		expectMiss(t, c)
		expectMiss(t, other)
	})
}

// Who comes after the first join begins another load: the one under way may be from
// before a change that was missed.
func TestFirstJoin_NobodyJoinsTheLoadUnderWayAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		c, f := young(t, net, net.server), tardy()
		go func() { _, _ = c.GetOrSet(t.Context(), "k", f.load) }()
		time.Sleep(6 * time.Millisecond)
		crowd(10, func(int) { expectAsk(t, c, f, 2, 2) })
		expectAsk(t, c, f, 2, 2)
	})
}

// A layer that takes any write cannot tell that the load is older than what it has.
func TestFirstJoin_ALayerThatDoesNotDecideGetsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		c, f := young(t, net, net.server.plain()), tardy()
		expectAsk(t, c, f, 1, 1)
		expectAsk(t, c, f, 2, 2)
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"strconv"
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

// nodes are caches over one distributed layer and one backplane. gate is what
// stands between a node and the distributed layer.
type nodes struct {
	caches   []*hybrid.Cache[int]
	channels []*localbus.Channel
	gates    []*gate
	server   *localdist.Store
}

func startNodes(t *testing.T, n int) *nodes {
	t.Helper()
	return startNodesWith(t, n, core.EntryOptions{TTL: time.Hour, StaleTTL: 2 * time.Hour})
}

func startNodesWith(t *testing.T, n int, defaults core.EntryOptions) *nodes {
	t.Helper()
	all := &nodes{server: hybrid.Must(localdist.New(nil))}
	bus := hybrid.Must(localbus.NewBus(nil))
	for range n {
		channel := bus.Channel(hybrid.Channel("app"))
		g := newGate(all.server)
		all.channels = append(all.channels, channel)
		all.gates = append(all.gates, g)
		all.caches = append(all.caches, open[int](t, hybrid.Options{
			Distributed: g, Backplane: channel, Defaults: defaults,
		}))
	}
	synctest.Wait() // all have joined
	return all
}

// gate is a distributed layer that can be shut, also for writes only, or for the
// reading of marks or of whole values only, and replaced by another.
type gate struct {
	store   atomic.Pointer[localdist.Store]
	shut    atomic.Bool
	noWrite atomic.Bool
	noMarks atomic.Bool
	noValue atomic.Bool
}

func newGate(s *localdist.Store) *gate {
	g := new(gate)
	g.store.Store(s)
	return g
}

var errShut = errors.New("gate is shut")

func (g *gate) Get(ctx context.Context, key string) ([]byte, bool, error) {
	closed := &g.noMarks
	if strings.HasPrefix(key, hybrid.KeyPrefixes("app")[0]) {
		closed = &g.noValue
	}
	if g.shut.Load() || closed.Load() {
		return nil, false, errShut
	}
	return g.store.Load().Get(ctx, key)
}

func (g *gate) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	if g.shut.Load() {
		return errShut
	}
	return g.store.Load().Set(ctx, key, data, ttl)
}

func (g *gate) Delete(ctx context.Context, key string) error {
	if g.shut.Load() {
		return errShut
	}
	return g.store.Load().Delete(ctx, key)
}

func (g *gate) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if g.shut.Load() || g.noWrite.Load() {
		return core.Ruling{}, errShut
	}
	return g.store.Load().Arbitrate(ctx, key, w)
}

func (g *gate) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	if g.shut.Load() {
		return nil, false, errShut
	}
	return g.store.Load().ReadHeader(ctx, key)
}

func (n *nodes) want(t *testing.T, node int, key string, want int) {
	t.Helper()
	got, ok, err := n.caches[node].Get(t.Context(), key)
	if err != nil || !ok || got != want {
		t.Errorf("node %d has %d, %t, %v for %q; want %d", node, got, ok, err, key, want)
	}
}

func (n *nodes) wantMiss(t *testing.T, node int, key string) {
	t.Helper()
	if got, ok, err := n.caches[node].Get(t.Context(), key); ok || err != nil {
		t.Errorf("node %d has %d, %t, %v for %q; want a miss", node, got, ok, err, key)
	}
}

func TestNodes_ReadEachOthersWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 3)
		_, _ = n.caches[0].Set(t.Context(), "k", 1)
		for i := range n.caches {
			n.want(t, i, "k", 1)
		}
		outcome, err := n.caches[1].Set(t.Context(), "k", 2)
		if outcome != core.Committed || err != nil {
			t.Errorf("set: %v, %v", outcome, err)
		}
		synctest.Wait()
		for i := range n.caches {
			n.want(t, i, "k", 2)
		}
		_, _ = n.caches[2].Remove(t.Context(), "k")
		synctest.Wait()
		for i := range n.caches {
			n.wantMiss(t, i, "k")
		}
	})
}

func TestNodes_LateLoadDoesNotUndoARemovalElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		n.channels[0].Disconnect() // node 0 hears nothing of it
		slow := &F[int]{delay: time.Second, results: []func() (int, error){returns(1)}}
		go func() { _, _ = n.caches[0].GetOrSet(t.Context(), "k", slow.load) }()
		time.Sleep(500 * time.Millisecond)
		_, _ = n.caches[1].Remove(t.Context(), "k")
		time.Sleep(time.Second)
		n.wantMiss(t, 1, "k")
		n.wantMiss(t, 0, "k")
	})
}

func TestNodes_MessageLostInAGapDoesNotLeaveAStaleValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		_, _ = n.caches[0].Set(t.Context(), "k", 1)
		n.want(t, 1, "k", 1)
		n.channels[1].Disconnect()
		_, _ = n.caches[0].Set(t.Context(), "k", 2)
		time.Sleep(5 * time.Second)
		n.want(t, 1, "k", 2) // degraded: its own heartbeats do not come back
		n.channels[1].Reconnect()
		time.Sleep(6 * time.Second)
		n.want(t, 1, "k", 2)
	})
}

func TestNodes_WriteDuringAnOutageIsMadeGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		_, _ = n.caches[0].Set(t.Context(), "k", 1)
		n.want(t, 1, "k", 1)
		n.gates[0].shut.Store(true)
		outcome, err := n.caches[0].Set(t.Context(), "k", 2)
		if outcome != core.LocalOnly || err != nil {
			t.Errorf("set: %v, %v; want local only", outcome, err)
		}
		n.want(t, 0, "k", 2)
		time.Sleep(time.Minute)
		n.gates[0].shut.Store(false)
		time.Sleep(6 * time.Second)
		n.want(t, 0, "k", 2)
		n.want(t, 1, "k", 2)
	})
}

func TestNodes_LaterWriteOfAnotherNodeWinsOverAReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		n.gates[0].shut.Store(true)
		_, _ = n.caches[0].Set(t.Context(), "k", 2)
		time.Sleep(time.Minute)
		_, _ = n.caches[1].Set(t.Context(), "k", 3)
		n.gates[0].shut.Store(false)
		time.Sleep(6 * time.Second)
		n.want(t, 0, "k", 3)
		n.want(t, 1, "k", 3)
	})
}

func TestTags_RemoveOnEveryNodeAndLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		_, _ = n.caches[0].Set(t.Context(), "a", 1, core.Tags("red"))
		_, _ = n.caches[0].Set(t.Context(), "b", 2, core.Tags("blue", "red"))
		_, _ = n.caches[0].Set(t.Context(), "c", 3, core.Tags("blue"))
		for i := range n.caches {
			n.want(t, i, "a", 1)
			n.want(t, i, "b", 2)
			n.want(t, i, "c", 3)
		}
		if outcome, err := n.caches[1].Stack().RemoveByTag(t.Context(), "red"); outcome != core.Committed || err != nil {
			t.Errorf("remove by tag: %v, %v", outcome, err)
		}
		synctest.Wait()
		for i := range n.caches {
			n.wantMiss(t, i, "a")
			n.wantMiss(t, i, "b")
			n.want(t, i, "c", 3)
		}
	})
}

// An entry has a bound on its tags, a call has none.
func TestTags_ManyInOneCall(t *testing.T) {
	for _, count := range []int{2, 20} {
		synctest.Test(t, func(t *testing.T) {
			n := startNodes(t, 2)
			var tags []string
			for i := range count {
				key := strconv.Itoa(i)
				tags = append(tags, "tag"+key)
				_, _ = n.caches[0].Set(t.Context(), key, i, core.Tags(tags[i]))
				n.want(t, 1, key, i)
			}
			_, _ = n.caches[0].Set(t.Context(), "other", 1, core.Tags("other"))
			if outcome, err := n.caches[1].Stack().RemoveByTag(t.Context(), tags...); outcome != core.Committed || err != nil {
				t.Errorf("remove by %d tags: %v, %v", count, outcome, err)
			}
			synctest.Wait()
			for node := range n.caches {
				for i := range count {
					n.wantMiss(t, node, strconv.Itoa(i))
				}
				n.want(t, node, "other", 1)
			}
			if outcome, err := n.caches[0].Stack().ExpireByTag(t.Context(), append(tags, "")...); outcome != 0 || err == nil {
				t.Errorf("an empty tag is accepted: %v, %v", outcome, err)
			}
		})
	}
}

func TestTags_RemovalDuringALoadWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		slow := &F[int]{delay: time.Second, results: []func() (int, error){returns(1), returns(2)}}
		go func() { _, _ = n.caches[0].GetOrSet(t.Context(), "k", slow.load, core.Tags("red")) }()
		time.Sleep(500 * time.Millisecond)
		_, _ = n.caches[1].Stack().RemoveByTag(t.Context(), "red")
		time.Sleep(time.Second)
		n.wantMiss(t, 0, "k")
		n.wantMiss(t, 1, "k")
	})
}

func TestTags_ExpiryKeepsTheStaleCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		_, _ = n.caches[0].Set(t.Context(), "k", 1, core.Tags("red"))
		n.want(t, 1, "k", 1)
		_, _ = n.caches[0].Stack().ExpireByTag(t.Context(), "red")
		synctest.Wait()
		for i, c := range n.caches {
			n.wantMiss(t, i, "k")
			v, err := c.GetOrSet(t.Context(), "k", (&F[int]{results: []func() (int, error){fails[int](errBoom)}}).load)
			if v != 1 || err != nil {
				t.Errorf("node %d: %d, %v; want the stale value", i, v, err)
			}
		}
	})
}

func TestClear_RemovesEverythingEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 3)
		_, _ = n.caches[0].Set(t.Context(), "k", 1)
		n.want(t, 1, "k", 1)
		n.want(t, 2, "k", 1)
		_, _ = n.caches[2].Stack().Clear(t.Context())
		synctest.Wait()
		for i := range n.caches {
			n.wantMiss(t, i, "k")
		}
		_, _ = n.caches[0].Set(t.Context(), "k", 2)
		synctest.Wait()
		n.want(t, 1, "k", 2)
	})
}

func TestClear_EmptiedServerInvalidatesWhatNodesHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 1)
		_, _ = n.caches[0].Set(t.Context(), "k", 1)
		n.want(t, 0, "k", 1)
		// The server is replaced by an empty one, as after FLUSHALL.
		n.gates[0].store.Store(hybrid.Must(localdist.New(nil)))
		time.Sleep(10 * time.Second)
		n.wantMiss(t, 0, "k")
	})
}

func TestTags_RemovalOnAClosedStackIsNotCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 1)
		stack := n.caches[0].Stack()
		if err := stack.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if outcome, err := stack.RemoveByTag(t.Context(), "red", "blue"); outcome != 0 || !errors.Is(err, core.ErrClosed) {
			t.Errorf("got %v, %v; want no outcome and core.ErrClosed", outcome, err)
		}
	})
}

// Nodes without a backplane hear of no removal, but what another node has stored
// under the new marks since is read all the same.
func TestTags_WithoutABackplaneNewMarksAreReadWhenTheyAreMet(t *testing.T) {
	for name, remove := range map[string]func(c *hybrid.Cache[int]) error{
		"tag": func(c *hybrid.Cache[int]) error {
			_, err := c.Stack().RemoveByTag(context.Background(), "red")
			return err
		},
		"everything": func(c *hybrid.Cache[int]) error { _, err := c.Stack().Clear(context.Background()); return err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := hybrid.Must(localdist.New(nil))
				start := func() *hybrid.Cache[int] {
					return open[int](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{TTL: time.Hour}})
				}
				a, b := start(), start()
				tagged := core.Tags("red")
				_, _ = a.Set(t.Context(), "old", 1, tagged)
				if _, ok, _ := b.Get(t.Context(), "old"); !ok {
					t.Error("the second node does not find what the first has stored")
				}
				time.Sleep(150 * time.Millisecond)
				_, _ = a.Set(t.Context(), "other", 1, tagged)
				if err := remove(a); err != nil {
					t.Error(err)
				}
				_, _ = a.Set(t.Context(), "new", 2, tagged)
				if v, ok, err := b.Get(t.Context(), "new"); !ok || v != 2 || err != nil {
					t.Errorf("the second node finds %d, %t, %v under the new mark, want 2", v, ok, err)
				}
				if _, ok, _ := b.Get(t.Context(), "other"); ok {
					t.Error("the second node finds what was removed")
				}
			})
		})
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package lease_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/core"
)

// The values in all tests: what there was, what the late load has read, what the
// other node writes.
const (
	before = iota + 1
	late
	written
)

// write is what the other node does.
type write struct {
	name   string
	do     func(ctx context.Context, n *node, key string) (core.Outcome, error)
	want   int  // what is to be found afterwards
	byMark bool // it leaves the key alone and makes all copies invalid by a mark
}

// writes has those that leave marks at its end: a node that is not told of a mark
// takes what is written under it for invalid, for some seconds.
func writes() []write {
	return []write{
		{name: "Set", do: func(ctx context.Context, n *node, key string) (core.Outcome, error) {
			return n.Set(ctx, key, written, core.Tags(tag))
		}, want: written},
		{name: "Remove", do: func(ctx context.Context, n *node, key string) (core.Outcome, error) {
			return n.Remove(ctx, key)
		}},
		{name: "RemoveByTag", do: func(ctx context.Context, n *node, _ string) (core.Outcome, error) {
			return n.stack.RemoveByTag(ctx, tag)
		}, byMark: true},
		{name: "Clear", do: func(ctx context.Context, n *node, _ string) (core.Outcome, error) {
			return n.stack.Clear(ctx)
		}, byMark: true},
	}
}

// places are what the load finds before it begins.
func places() map[string]func(tb testing.TB, n *node, key string) {
	return map[string]func(tb testing.TB, n *node, key string){
		"nothing": func(testing.TB, *node, string) {},
		"a stale value": func(tb testing.TB, n *node, key string) {
			n.set(tb, key, before)
			mustCommit(tb)(n.Expire(tb.Context(), key))
		},
		"the mark of a removal": func(tb testing.TB, n *node, key string) {
			n.set(tb, key, before)
			mustCommit(tb)(n.Remove(tb.Context(), key))
		},
	}
}

// everywhere runs a test on every server, with nodes that tell each other and
// with nodes that do not.
func everywhere(t *testing.T, test func(t *testing.T, s server, deaf bool)) {
	for name, start := range servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			t.Run("told", func(t *testing.T) { test(t, s, false) })
			t.Run("not told", func(t *testing.T) {
				test(t, func(tb testing.TB) parts {
					p := s(tb)
					p.backplane = nil
					return p
				}, true)
			})
		})
	}
}

func TestLateLoad_UndoesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, s server, deaf bool) {
		a, b := start(t, s(t)), start(t, s(t))
		for _, w := range writes() {
			for place, prepare := range places() {
				t.Run(w.name+" over "+place, func(t *testing.T) {
					key := fmt.Sprintf("%s %s %t", place, w.name, deaf)
					prepare(t, a, key)
					load := a.load(t, key, late)
					mustCommit(t)(w.do(t.Context(), b, key))
					load.end(t)
					want(t, "the node that has written", b.found(t, key), w.want)
					want(t, "a node that comes later", start(t, s(t)).found(t, key), w.want)
					if deaf && w.byMark {
						return // it cannot know before its copy ends
					}
					natstest.WaitFor(t, patience, "the node that was late", func() bool { return a.found(t, key) == w.want })
				})
			}
		}
		if a.drops.Load() == 0 {
			t.Error("no result was dropped")
		}
	})
}

// The caller that waits for the load gets what it has loaded, or what is newer.
func TestLateLoad_StillAnswersItsCaller(t *testing.T) {
	everywhere(t, func(t *testing.T, s server, deaf bool) {
		a, b := start(t, s(t)), start(t, s(t))
		key := fmt.Sprintf("answer %t", deaf)
		got, err := a.GetOrSet(t.Context(), key, func(ctx context.Context, _ string) (int, error) {
			if o, err := b.Set(ctx, key, written); o != core.Committed || err != nil {
				t.Errorf("set: %v, %v", o, err)
			}
			return late, nil
		})
		if err != nil || got != late && got != written {
			t.Errorf("the caller got %d, %v", got, err)
		}
		want(t, "a node that comes later", start(t, s(t)).found(t, key), written)
	})
}

// Whatever the order, what is written explicitly stays: a load either ends before
// and is overwritten, or is refused.
func TestLateLoad_InAnyOrder(t *testing.T) {
	everywhere(t, func(t *testing.T, s server, deaf bool) {
		a, b, reader := start(t, s(t)), start(t, s(t)), start(t, s(t))
		random := rand.New(rand.NewPCG(1, 2))
		for round := range 100 {
			key := fmt.Sprintf("order %d %t", round, deaf)
			delays := [3]time.Duration{}
			for i := range delays {
				delays[i] = time.Duration(random.Int64N(int64(2 * time.Millisecond)))
			}
			var all sync.WaitGroup
			all.Go(func() {
				<-time.After(delays[0])
				_, err := a.GetOrSet(t.Context(), key, func(context.Context, string) (int, error) {
					<-time.After(delays[1])
					return late, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				<-time.After(delays[2])
				if o, err := b.Set(t.Context(), key, written); o != core.Committed || err != nil {
					t.Errorf("set: %v, %v", o, err)
				}
			})
			all.Wait()
			got := reader.found(t, key, core.Without(core.SkipMemory))
			if got != written {
				t.Fatalf("round %d, delays %v: the server has %s", round, delays, text(got))
			}
		}
	})
}

// The tests above can see a late load: on a layer that does not order writes it
// does put the old value back.
func TestLateLoad_WithoutAnArbiterItDoes(t *testing.T) {
	for name, startServer := range servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			weak := func() parts { return parts{distributed: struct{ core.DistributedLayer }{s(t).distributed}} }
			a, b := start(t, weak()), start(t, weak())
			load := a.load(t, "k", late)
			mustCommit(t)(b.Set(t.Context(), "k", written))
			load.end(t)
			want(t, "a node that comes later", start(t, weak()).found(t, "k"), late)
		})
	}
}

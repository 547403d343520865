// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// doubt makes a node suspect everything that it holds.
func (n *nodes) doubt(node int) {
	n.channels[node].Disconnect()
	n.channels[node].Reconnect()
	synctest.Wait()
}

func TestSeed_CM3_OwnWriteIsReadAtOnceThoughMessagesMayBeLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		_, _ = n.caches[0].Set(t.Context(), "k", 1)
		n.gates[0].shut.Store(true)
		if outcome := set(t, n.caches[0], 2); outcome != core.LocalOnly {
			t.Errorf("a set without the server says %v", outcome)
		}
		n.doubt(0)
		n.want(t, 0, "k", 2)
		time.Sleep(1900 * time.Millisecond)
		n.want(t, 0, "k", 2)
		time.Sleep(time.Second)
		n.wantMiss(t, 0, "k") // another node may have written by now
		n.gates[0].shut.Store(false)
	})
}

func TestSeed_CM3_OwnWriteIsReadWhileTheServerHasSomethingOlder(t *testing.T) {
	for name, before := range map[string]func(t *testing.T, n *nodes){
		"nothing":            func(*testing.T, *nodes) {},
		"a write of its own": func(t *testing.T, n *nodes) { set(t, n.caches[0], 1) },
		"an old write of another": func(t *testing.T, n *nodes) {
			set(t, n.caches[1], 1)
			time.Sleep(time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := startNodes(t, 2)
				before(t, n)
				n.gates[0].noWrite.Store(true)
				set(t, n.caches[0], 2)
				n.doubt(0)
				time.Sleep(time.Minute)
				n.want(t, 0, "k", 2)
				n.gates[0].noWrite.Store(false)
			})
		})
	}
}

// What another node wrote at about the same time may be the newer.
func TestOwnWrite_IsNotReadWhenTheServerMayHaveSomethingNewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		n.gates[0].noWrite.Store(true)
		set(t, n.caches[0], 2)
		n.channels[0].Disconnect()
		set(t, n.caches[1], 3)
		n.channels[0].Reconnect()
		time.Sleep(4 * time.Second)
		n.wantMiss(t, 0, "k")
		n.gates[0].noWrite.Store(false)
	})
}

// Nor is it when another node has told of a removal of its tag since.
func TestOwnWrite_IsNotReadAfterARemovalOfItsTag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		n.gates[0].shut.Store(true)
		if outcome, _ := n.caches[0].Set(t.Context(), "k", 1, core.Tags("red")); outcome != core.LocalOnly {
			t.Errorf("a set without the server says %v", outcome)
		}
		n.want(t, 0, "k", 1)
		if _, err := n.caches[1].Stack().RemoveByTag(t.Context(), "red"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		n.wantMiss(t, 0, "k")
		n.gates[0].shut.Store(false)
		time.Sleep(6 * time.Second)
		n.wantMiss(t, 0, "k")
		n.wantMiss(t, 1, "k")
	})
}

// A set under a mark that the server did not give would be valid on this node
// only.
func TestCommitted_IsReadOnEveryNode(t *testing.T) {
	for _, o := range []core.Option{core.TTL(time.Hour), core.Tags("red")} {
		synctest.Test(t, func(t *testing.T) {
			n := startNodes(t, 2)
			set(t, n.caches[0], 1)
			n.gates[1].noMarks.Store(true)
			time.Sleep(time.Minute)
			outcome, err := n.caches[1].Set(t.Context(), "k", 2, o)
			if outcome != core.LocalOnly || err != nil {
				t.Errorf("a set without marks: %v, %v", outcome, err)
			}
			n.want(t, 1, "k", 2)
			n.gates[1].noMarks.Store(false)
			time.Sleep(6 * time.Second)
			n.want(t, 0, "k", 2)
			n.want(t, 1, "k", 2)
		})
	}
}

// slowWrites is a gate that takes long for each write of an entry.
type slowWrites struct{ *gate }

func (s slowWrites) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if !strings.HasPrefix(key, hybrid.KeyPrefixes("app")[0]) {
		return s.gate.Arbitrate(ctx, key, w)
	}
	select {
	case <-time.After(20 * time.Second):
		return s.gate.Arbitrate(ctx, key, w)
	case <-ctx.Done():
		return core.Ruling{}, ctx.Err()
	}
}

// A node that is so busy that it does not even hear itself has what it wrote all the
// same, while that waits for its turn in the background.
func TestSeed_DC15_WritesThatWaitAreReadThoughMemoryIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := hybrid.Must(localbus.NewBus(nil)).Channel(hybrid.Channel("app"))
		c := open[int](t, hybrid.Options{
			Distributed: slowWrites{newGate(hybrid.Must(localdist.New(nil)))}, Backplane: bus,
			Background: coherence.BackgroundLimits{Workers: 2},
			Defaults:   core.EntryOptions{TTL: time.Hour, BackgroundWrites: true, DistributedTimeout: time.Minute},
		})
		synctest.Wait()
		const keys = 10
		for i := range keys {
			for v := range 2 {
				_, _ = c.Set(t.Context(), fmt.Sprint("k", i), v)
			}
		}
		for range 12 {
			for i := range keys {
				if v, ok, err := c.Get(t.Context(), fmt.Sprint("k", i)); v != 1 || !ok || err != nil {
					t.Fatalf("k%d: %d, %t, %v, want the node's last write", i, v, ok, err)
				}
			}
			bus.Disconnect()
			bus.Reconnect()
			time.Sleep(25 * time.Second)
		}
	})
}

// The header shows that there is something newer, and then the server fails.
func TestNodes_WhatIsKnownToBeSupersededIsNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		set(t, n.caches[0], 1)
		n.channels[0].Disconnect()
		time.Sleep(time.Millisecond) // what is checked at the very moment of the doubt counts
		set(t, n.caches[1], 2)
		n.gates[0].noValue.Store(true)
		n.channels[0].Reconnect()
		synctest.Wait()
		n.wantMiss(t, 0, "k")
		n.gates[0].noValue.Store(false)
		n.want(t, 0, "k", 2)
	})
}

// lateAnswers is a gate whose answers about entries are on their way for long.
type lateAnswers struct{ *gate }

func (l lateAnswers) Get(ctx context.Context, key string) ([]byte, bool, error) {
	data, ok, err := l.gate.Get(ctx, key)
	if strings.HasPrefix(key, hybrid.KeyPrefixes("app")[0]) {
		time.Sleep(20 * time.Second)
	}
	return data, ok, err
}

// An answer that was given before the server had a write of this node is no newer for
// coming after that. What it brings may be gone from the server by then, and leave the
// write nothing to be put above of.
func TestOwnWrite_HidesAnAnswerFromBeforeItArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := hybrid.Must(localdist.New(nil))
		bus := hybrid.Must(localbus.NewBus(nil))
		start := func(layer core.DistributedLayer) *hybrid.Cache[int] {
			return open[int](t, hybrid.Options{
				Distributed: layer, Backplane: bus.Channel(hybrid.Channel("app")),
				Defaults: core.EntryOptions{TTL: time.Hour, DistributedTimeout: time.Minute},
			})
		}
		near, far := newGate(store), newGate(store)
		a, b := start(lateAnswers{near}), start(far)
		synctest.Wait()
		near.noWrite.Store(true)
		set(t, a, 1)
		set(t, b, 2)
		synctest.Wait()
		go func() {
			time.Sleep(time.Second)
			_ = store.Delete(t.Context(), serverKey) // evicted
			near.noWrite.Store(false)
		}()
		began := time.Now()
		if v, ok, err := a.Get(t.Context(), "k"); ok || err != nil {
			t.Errorf("got %d, %v", v, err)
		}
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("took %v", took)
		}
		if x, err := a.Explain(t.Context(), "k"); err != nil || !x.Owed.IsZero() {
			t.Errorf("the write has not arrived meanwhile: %v, %v", x.Owed, err)
		}
	})
}

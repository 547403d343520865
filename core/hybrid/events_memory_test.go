// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// memories are a memory layer of each sort.
var memories = map[string]func() core.MemoryLayer{
	"objects": func() core.MemoryLayer { return hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: 100})) },
	"bytes":   func() core.MemoryLayer { return hybrid.Must(freecachemem.New(1<<20, nil)) },
}

// wantMemory expects the events of the memory level since it was last asked, in order.
// They are about memory and key "k".
func (h *told) wantMemory(t *testing.T, when string, want ...core.Event) {
	t.Helper()
	const kinds = core.MemoryMissed | core.MemoryWritten | core.MemoryRemoved | core.MemoryExpired
	var got []core.Event
	for _, ev := range h.take() {
		if ev.Kind&kinds != 0 {
			got = append(got, ev)
		}
	}
	for i := range want {
		want[i].Stack, want[i].Level, want[i].Key = "app", core.LevelMemory, "v:k"
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %+v, want %+v", when, got, want)
	}
}

var (
	missedInMemory  = core.Event{Kind: core.MemoryMissed}
	writtenByCall   = core.Event{Kind: core.MemoryWritten}
	writtenByLoad   = core.Event{Kind: core.MemoryWritten, Detail: "factory"}
	writtenByServer = core.Event{Kind: core.MemoryWritten, Detail: "distributed"}
)

// aged is an event of an entry that was a second old, by a call or a level.
func aged(kind core.Kind, by string) core.Event {
	return core.Event{Kind: kind, Age: time.Second, Detail: by}
}

func must[V any](t *testing.T) func(V, error) {
	return func(_ V, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
}

func TestEvents_Spec27_WhatEachCallTellsOfMemory(t *testing.T) {
	for name, memory := range memories {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newNetwork(t).join(core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour})
				o.Memory = memory()
				c := open[int](t, o)
				time.Sleep(5 * time.Second)
				h := tell(c)
				f := &F[int]{results: []func() (int, error){returns(1)}, delay: time.Millisecond}
				fine := must[core.Outcome](t)

				crowd(3, func(int) { ask(t, c, f) })
				h.wantMemory(t, "three that make one load", missedInMemory, missedInMemory, missedInMemory, writtenByLoad)
				ask(t, c, f)
				h.wantMemory(t, "a hit")
				ask(t, c, f, core.Without(core.SkipMemoryRead))
				h.wantMemory(t, "a hit of the server", writtenByServer)
				time.Sleep(999 * time.Millisecond)
				fine(c.Expire(t.Context(), "k"))
				h.wantMemory(t, "an expiry", aged(core.MemoryExpired, ""))
				fine(c.Expire(t.Context(), "k"))
				h.wantMemory(t, "another one")
				ask(t, c, f)
				h.wantMemory(t, "a load with something to fall back upon", writtenByServer, writtenByLoad)
				time.Sleep(999 * time.Millisecond)
				fine(c.Remove(t.Context(), "k"))
				h.wantMemory(t, "a removal", aged(core.MemoryRemoved, ""))
				fine(c.Remove(t.Context(), "k"))
				h.wantMemory(t, "another one")
				expectMiss(t, c)
				h.wantMemory(t, "a plain miss", missedInMemory)
				_, _ = c.GetMany(t.Context(), []string{"k", "k"})
				h.wantMemory(t, "a plain miss of many", missedInMemory)
				_, _ = c.Lookup(t.Context(), "k")
				h.wantMemory(t, "a lookup", missedInMemory)

				fine(c.Set(t.Context(), "k", 2, core.Tags("red"), core.FailSafe(0)))
				h.wantMemory(t, "a set", writtenByCall)
				time.Sleep(time.Second)
				fine(c.Set(t.Context(), "k", 3, core.Tags("red"), core.Without(core.SkipMemoryWrite)))
				h.wantMemory(t, "a set of the server alone", aged(core.MemoryRemoved, ""))
				expectHit(t, c, 3)
				h.wantMemory(t, "a hit of the server", missedInMemory, writtenByServer)
				fine(c.Stack().RemoveByTag(t.Context(), "red"))
				h.wantMemory(t, "a removal by tag")
				expectMiss(t, c)
				h.wantMemory(t, "what has no use is not there", missedInMemory)
			})
		})
	}
}

// A node tells which of its copies the others have made invalid.
func TestEvents_Spec27_WhatMessagesDoToMemory(t *testing.T) {
	for name, memory := range memories {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t)
				var nodes [2]*hybrid.Cache[string]
				for i := range nodes {
					o := n.join(core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour})
					o.Memory, o.MessageKeys = memory(), [][]byte{keyOf(1)}
					nodes[i] = open[string](t, o)
				}
				a, b := nodes[0], nodes[1]
				time.Sleep(5 * time.Second)
				h := tell(b)
				fine := must[core.Outcome](t)

				// hold has b hold, for a second, what a sets.
				hold := func(v string, opts ...core.Option) {
					t.Helper()
					fine(a.Set(t.Context(), "k", v, opts...))
					h.wantMemory(t, "a set of what it does not hold")
					expectHit(t, b, v)
					h.wantMemory(t, "a read of that", missedInMemory, writtenByServer)
					time.Sleep(time.Second)
				}
				hold("one", core.FailSafe(0))
				fine(a.Set(t.Context(), "k", "two"))
				h.wantMemory(t, "a set", aged(core.MemoryRemoved, "backplane"))
				expectHit(t, b, "two")
				h.wantMemory(t, "a read of that", missedInMemory, writtenByServer)
				time.Sleep(time.Second)
				fine(a.Set(t.Context(), "k", "three", core.Push(true)))
				h.wantMemory(t, "a set that is pushed", aged(core.MemoryExpired, "backplane"), core.Event{Kind: core.MemoryWritten, Detail: "backplane"})
				expectHit(t, b, "three")
				h.wantMemory(t, "a check of that")
				time.Sleep(time.Second)
				fine(a.Expire(t.Context(), "k"))
				h.wantMemory(t, "an expiry", aged(core.MemoryExpired, "backplane"))
				fine(a.Remove(t.Context(), "k"))
				h.wantMemory(t, "a removal", aged(core.MemoryRemoved, "backplane"))
				fine(a.Remove(t.Context(), "k"))
				h.wantMemory(t, "another one")

				fine(a.Stack().Clear(t.Context()))
				want := core.Event{Kind: core.MemoryRemoved, Stack: "app", Level: core.LevelMemory, Detail: "backplane"}
				if got := h.take(); !slices.Contains(got, want) {
					t.Errorf("clear: got %+v, want %+v among them", got, want)
				}
			})
		})
	}
}

// A node that has missed a message tells when it finds out.
func TestEvents_WhatTheServerDoesToMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		channel := n.bus.Channel(hybrid.Channel("app"))
		o := n.join(core.EntryOptions{TTL: time.Hour, StaleTTL: time.Hour})
		o.Backplane = channel
		a, b := open[int](t, o), open[int](t, n.join(core.EntryOptions{TTL: time.Hour, StaleTTL: time.Hour}))
		time.Sleep(5 * time.Second)
		set(t, a, 1)
		time.Sleep(time.Second)
		h := tell(a)
		channel.Disconnect()
		if _, err := b.Remove(context.Background(), "k"); err != nil {
			t.Error(err)
		}
		channel.Reconnect()
		synctest.Wait()
		expectMiss(t, a)
		h.wantMemory(t, "a removal of which it was not told", aged(core.MemoryRemoved, "distributed"))
	})
}

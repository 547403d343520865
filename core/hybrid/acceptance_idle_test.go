// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// inMemories runs a scenario in virtual time with a layer of objects and a layer of
// bytes.
func inMemories(t *testing.T, run func(t *testing.T, memory core.MemoryLayer)) {
	t.Helper()
	for name, memory := range map[string]func() core.MemoryLayer{
		"objects": func() core.MemoryLayer { return new(mapMemory) },
		"bytes":   func() core.MemoryLayer { return hybrid.Must(freecachemem.New(freecachemem.MinSize, nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { run(t, memory()) })
		})
	}
}

func TestSeed_BL4_AnIdleEntryEndsAndAUsedOneDoesNot(t *testing.T) {
	inMemories(t, func(t *testing.T, memory core.MemoryLayer) {
		c := open[int](t, hybrid.Options{Memory: memory, Defaults: core.EntryOptions{IdleTTL: time.Minute}})
		f := &F[int]{results: []func() (int, error){returns(1), returns(2), returns(3)}}
		expectAsk(t, c, f, 1, 1)
		time.Sleep(61 * time.Second)
		expectMiss(t, c)
		expectAsk(t, c, f, 2, 2)

		for i := range 20 { // for ten minutes
			time.Sleep(30 * time.Second)
			if i%2 == 0 {
				expectHit(t, c, 2)
			} else {
				expectAsk(t, c, f, 2, 2)
			}
		}
		time.Sleep(58 * time.Second)
		expectHit(t, c, 2)
		time.Sleep(61 * time.Second)
		expectMiss(t, c)
		expectAsk(t, c, f, 3, 3)
	})
}

func TestSeed_BL5_TTLIsTheCapOfIdleTTL(t *testing.T) {
	inMemories(t, func(t *testing.T, memory core.MemoryLayer) {
		c := open[int](t, hybrid.Options{Memory: memory, Defaults: core.EntryOptions{TTL: 300 * time.Second, IdleTTL: time.Minute}})
		start := time.Now()
		set(t, c, 1)
		for d := 30 * time.Second; d < 300*time.Second; d += 30 * time.Second {
			at(start, d)
			expectHit(t, c, 1)
		}
		at(start, 300*time.Second-1)
		expectHit(t, c, 1)
		at(start, 301*time.Second)
		expectMiss(t, c)

		set(t, c, 2)
		time.Sleep(61 * time.Second)
		expectMiss(t, c)
	})
}

// BL-4: what comes from other nodes is no use, not even what tells of the very write
// that memory holds, which stays.
func TestSeed_BL4_MessagesAreNoUse(t *testing.T) {
	inMemories(t, func(t *testing.T, memory core.MemoryLayer) {
		net := newNetwork(t)
		spy, channel := eavesdrop(t, net)
		c := open[int](t, hybrid.Options{
			Memory: memory, Backplane: net.bus.Channel(hybrid.Channel("app")),
			Defaults: core.EntryOptions{TTL: time.Hour, IdleTTL: time.Minute},
		})
		time.Sleep(5 * time.Second)
		set(t, c, 1)
		synctest.Wait()
		own := spy.lastChange(t)
		tell := func(seconds int) {
			time.Sleep(10 * time.Second)
			stranger := wire.NodeID{byte(seconds)}
			for _, m := range []wire.Message{
				{Kind: wire.MessageSet, Node: stranger, Seq: 1, Version: own.Version, Key: own.Key},
				{Kind: wire.MessageSet, Node: stranger, Seq: 2, Version: own.Version, Key: "v:other"},
				{Kind: wire.MessageGoodbye, Node: stranger, Seq: 2},
			} {
				if err := channel.Publish(t.Context(), wire.AppendMessage(nil, m)); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
		}
		for seconds := 10; seconds <= 50; seconds += 10 {
			tell(seconds)
		}
		expectHit(t, c, 1)
		for seconds := 60; seconds <= 110; seconds += 10 {
			tell(seconds)
		}
		time.Sleep(time.Second)
		expectMiss(t, c)
	})
}

// An entry that was idle is read again while its absolute life lasts.
func TestSeed_BL5_TheServerKnowsNoIdleLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		c := open[int](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{TTL: 10 * time.Minute, IdleTTL: time.Minute}})
		start := time.Now()
		f := &F[int]{results: []func() (int, error){returns(1), returns(2)}}
		expectAsk(t, c, f, 1, 1)
		at(start, 5*time.Minute)
		expectAsk(t, c, f, 1, 1)
		at(start, 10*time.Minute+time.Second)
		expectAsk(t, c, f, 2, 2)
	})
}

// An idle entry is stale: fail-safe can serve it.
func TestSeed_BL5_FailSafeCanUseAnIdleEntry(t *testing.T) {
	inMemories(t, func(t *testing.T, memory core.MemoryLayer) {
		c := open[int](t, hybrid.Options{Memory: memory, Defaults: core.EntryOptions{
			TTL: time.Hour, IdleTTL: time.Minute, StaleTTL: 2 * time.Hour,
		}})
		f := okThenFails()
		expectAsk(t, c, f, 1, 1)
		time.Sleep(61 * time.Second)
		expectMiss(t, c)
		expectAsk(t, c, f, 1, 2)
	})
}

// The end is the earlier of two: TTL after the write, IdleTTL after the last use.
// A layer of bytes may be early by a 64th of IdleTTL.
func TestSeed_BL5_ManyLivesEndWhenTheyShould(t *testing.T) {
	inMemories(t, func(t *testing.T, memory core.MemoryLayer) {
		_, bytes := memory.(core.ByteMemory)
		c := open[int](t, hybrid.Options{Memory: memory})
		rnd := rand.New(rand.NewPCG(4, 5))
		for round := range 10_000 {
			ttl, idle := 1+time.Duration(rnd.Int64N(int64(time.Minute))), 1+time.Duration(rnd.Int64N(int64(time.Minute)))
			set(t, c, round, core.TTL(ttl), core.IdleTTL(idle))
			written := time.Now()
			used := written
			for range 4 {
				time.Sleep(time.Duration(rnd.Int64N(int64(min(ttl, idle)))))
				now := time.Now()
				end := min(written.Add(ttl).Sub(now), used.Add(idle).Sub(now))
				_, ok, err := c.Get(t.Context(), "k")
				early := bytes && ok == false && end <= idle/64
				if ok != (end > 0) && !early || err != nil {
					t.Fatalf("round %d, TTL %v, idle limit %v: hit %v with %v to live, %v", round, ttl, idle, ok, end, err)
				}
				if !ok {
					break
				}
				used = now
			}
		}
	})
}

// The same with another node that writes, expires, removes and clears meanwhile: no
// copy outlives that, and what it leaves alone lives as long as it should.
func TestSeed_BL5_ManyLivesWithRemoteInvalidations(t *testing.T) {
	inMemories(t, func(t *testing.T, memory core.MemoryLayer) {
		_, bytes := memory.(core.ByteMemory)
		bus := hybrid.Must(localbus.NewBus(nil))
		node := func(memory core.MemoryLayer) *hybrid.Cache[int] {
			return open[int](t, hybrid.Options{Memory: memory, Backplane: bus.Channel(hybrid.Channel("app"))})
		}
		c, other := node(memory), node(new(mapMemory))
		time.Sleep(5 * time.Second)
		rnd := rand.New(rand.NewPCG(5, 6))
		for round := range rounds(10_000) {
			ttl, idle := 1+time.Duration(rnd.Int64N(int64(3*time.Second))), 1+time.Duration(rnd.Int64N(int64(3*time.Second)))
			set(t, c, round, core.TTL(ttl), core.IdleTTL(idle))
			written := time.Now()
			used, gone := written, false
			for range 1 + rnd.IntN(4) {
				time.Sleep(time.Duration(rnd.Int64N(int64(time.Second))))
				if rnd.IntN(3) == 0 {
					invalidate(t, other, rnd)
					gone = true
				}
				now := time.Now()
				end := min(written.Add(ttl).Sub(now), used.Add(idle).Sub(now))
				v, ok, err := c.Get(t.Context(), "k")
				early := bytes && !ok && end <= idle/64
				if ok != (end > 0 && !gone) && !early || ok && v != round || err != nil {
					t.Fatalf("round %d, TTL %v, idle limit %v: got %d, %v, %v with %v to live, invalidated: %v", round, ttl, idle, v, ok, err, end, gone)
				}
				if !ok {
					break
				}
				used = now
			}
		}
	})
}

// invalidate has a node do anything that ends the copies of key "k" elsewhere.
func invalidate(t *testing.T, c *hybrid.Cache[int], rnd *rand.Rand) {
	t.Helper()
	var err error
	switch rnd.IntN(4) {
	case 0:
		_, err = c.Set(t.Context(), "k", -1)
	case 1:
		_, err = c.Expire(t.Context(), "k")
	case 2:
		_, err = c.Remove(t.Context(), "k")
	case 3:
		_, err = c.Stack().Clear(t.Context())
	}
	if err != nil {
		t.Error(err)
	}
	synctest.Wait()
}

func TestSeed_EO4_IdleTTLOfOneEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}})
		set(t, c, 1, core.IdleTTL(30*time.Second))
		setKey(t, c, "neighbour")
		time.Sleep(31 * time.Second)
		expectMiss(t, c)
		if _, ok, _ := c.Get(t.Context(), "neighbour"); !ok {
			t.Error("the neighbour is gone too")
		}
	})
}

func TestSeed_EO9_WithoutIdleTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: 2 * time.Hour, IdleTTL: time.Minute}})
		set(t, c, 1, core.IdleTTL(0))
		time.Sleep(time.Hour)
		expectHit(t, c, 1)
	})
}

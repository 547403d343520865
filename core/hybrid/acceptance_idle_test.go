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

// BL-4: what comes from other nodes is no use.
func TestSeed_BL4_MessagesAreNoUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		o := core.EntryOptions{TTL: time.Hour, IdleTTL: time.Minute}
		a, b := open[int](t, net.join(o)), open[int](t, net.join(o))
		synctest.Wait()
		set(t, a, 1)
		for range 7 {
			time.Sleep(10 * time.Second)
			if _, err := b.Set(t.Context(), "other", 2); err != nil {
				t.Error(err)
			}
		}
		gets := net.gets.Load()
		expectHit(t, a, 1) // idle in memory, but the server has it
		if net.gets.Load() == gets {
			t.Error("an idle entry was served from memory")
		}
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

// The same with another node that writes, expires and removes meanwhile: no copy
// outlives that, and nothing panics.
func TestSeed_BL5_ManyLivesWithRemoteInvalidations(t *testing.T) {
	inMemories(t, func(t *testing.T, memory core.MemoryLayer) {
		bus := hybrid.Must(localbus.NewBus(nil))
		node := func(memory core.MemoryLayer) *hybrid.Cache[int] {
			return open[int](t, hybrid.Options{Memory: memory, Backplane: bus.Channel(hybrid.Channel("app"))})
		}
		c, other := node(memory), node(new(mapMemory))
		time.Sleep(5 * time.Second)
		rnd := rand.New(rand.NewPCG(5, 6))
		for round := range 2_000 {
			ttl, idle := 1+time.Duration(rnd.Int64N(int64(3*time.Second))), 1+time.Duration(rnd.Int64N(int64(3*time.Second)))
			set(t, c, round, core.TTL(ttl), core.IdleTTL(idle))
			end := time.Now().Add(min(ttl, idle))
			time.Sleep(time.Duration(rnd.Int64N(int64(time.Second))))
			switch rnd.IntN(6) {
			case 0:
				set(t, other, -1)
				end = time.Now()
			case 1:
				_, _ = other.Expire(t.Context(), "k")
				end = time.Now()
			case 2:
				_, _ = other.Remove(t.Context(), "k")
				end = time.Now()
			case 3:
				_, _ = other.Stack().Clear(t.Context())
				end = time.Now()
			}
			synctest.Wait()
			v, ok, err := c.Get(t.Context(), "k")
			if ok && (v != round || !time.Now().Before(end)) || err != nil {
				t.Fatalf("round %d: got %d, %v, %v, %v after its end", round, v, ok, err, time.Since(end))
			}
		}
	})
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

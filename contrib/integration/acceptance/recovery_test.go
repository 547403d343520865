// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

func TestSeed_DC12_WriteOfAnOutageIsMadeGood(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		within3(t, func() error {
			a, b := pair(t, w, core.EntryOptions{TTL: time.Hour})
			a.spread(t, "k", 1, b)
			b.want(t, "k", 1)
			a.cutOff()
			if outcome := a.set(t, "k", 2); outcome != core.LocalOnly {
				t.Errorf("a set without a server says %v", outcome)
			}
			a.net.Restore()
			begin := time.Now()
			soon(t, patience, "the write on B", func() bool { return b.has(t, "k", 2) })
			d := since(begin)
			a.want(t, "k", 2)
			start(t, w, setting{}).want(t, "k", 2)
			if d > 4*time.Second {
				return tooSlow("the recovery", d, 4*time.Second)
			}
			return nil
		})
	})
}

func TestSeed_DC12_RemovalOfAnOutageIsMadeGood(t *testing.T) {
	t.Parallel()
	everywhereConnected(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Hour, StaleTTL: 2 * time.Hour})
		a.spread(t, "removed", 1, b)
		a.spread(t, "expired", 1, b)
		b.want(t, "removed", 1)
		b.want(t, "expired", 1)
		a.cutOff()
		_, _ = a.Remove(t.Context(), "removed")
		_, _ = a.Expire(t.Context(), "expired")
		a.wantMiss(t, "removed")
		a.net.Restore()
		soon(t, patience, "the removal on B", func() bool { return b.misses(t, "removed") })
		soon(t, patience, "the expiry on B", func() bool { return b.misses(t, "expired") })
		start(t, w, setting{}).wantMiss(t, "removed")
	})
}

// B writes later than A while A is cut off. Nodes whose clocks are known to agree
// well enough end with the later value.
func TestSeed_DC12_LaterWriteOfAnotherNodeWins(t *testing.T) {
	t.Parallel()
	everywhereConnected(t, func(t *testing.T, w world) {
		o := hybrid.Options{
			Defaults: core.EntryOptions{TTL: time.Hour},
			Shared:   coherence.SharedOptions{MaxSkew: 20 * time.Millisecond},
		}
		a := start(t, w, setting{Options: o})
		b := start(t, w, setting{Options: o, objects: true})
		a.cutOff()
		a.set(t, "k", 2)
		at(time.Now(), 200*time.Millisecond)
		b.commit(t, "k", 3)
		a.net.Restore()
		soon(t, patience, "the later write on A", func() bool { return a.has(t, "k", 3) })
		settledOn(t, w, "k", 3, a, b)
	})
}

// Clocks may differ by half a minute: of two writes that are closer than that
// nobody knows which was the later. Then all nodes end with a miss, and none
// with the value that lost.
func TestSeed_DC12_DoubtEndsInAMissAndNotInAGuess(t *testing.T) {
	t.Parallel()
	everywhereConnected(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Hour})
		a.cutOff()
		a.set(t, "k", 2)
		b.commit(t, "k", 3)
		replayed := make(chan struct{})
		once := sync.OnceFunc(func() { close(replayed) })
		a.spy.afterWrite.Store(&once)
		a.net.Restore()
		<-replayed
		soon(t, patience, "B to have heard of the replay", func() bool { return b.misses(t, "k") })
		for name, n := range map[string]*node{"A": a, "B": b, "a new node": start(t, w, setting{})} {
			if v, ok := n.get(t, "k"); ok {
				t.Errorf("%s has %d, want a miss", name, v)
			}
		}
		b.ask(t, "k", gives(3), 3)
		soon(t, patience, "the value on A", func() bool { return a.has(t, "k", 3) })
		settledOn(t, w, "k", 3, a, b)
	})
}

// settledOn checks for a while that all nodes, and new ones, have v.
func settledOn(t *testing.T, w world, key string, v int, nodes ...*node) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Second; at(time.Now(), 50*time.Millisecond) {
		for _, n := range nodes {
			if got, ok := n.get(t, key); !ok || got != v {
				t.Fatalf("%q is %d, %t after it was %d", key, got, ok, v)
			}
		}
	}
	start(t, w, setting{}).want(t, key, v)
}

// More writes than the queue keeps: nothing grows without bound, no call waits,
// and afterwards no node serves anything that was overwritten.
func TestSeed_DC12_OutageWithMoreWritesThanTheQueueHolds(t *testing.T) {
	w := startRedis(t)
	const writes, kept = 100_000 - raceDetectorLess*85_000, 10_000
	o := guarded(core.EntryOptions{TTL: time.Hour}, breaker.LayerOptions{})
	o.Memory = hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: 1000}))
	a := start(t, w, setting{Options: o})
	b := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Hour}}})
	keys := []string{"k0", "k5000", fmt.Sprint("k", writes-1), "often"}
	for _, key := range keys {
		a.spread(t, key, -1, b)
		b.want(t, key, -1)
	}
	a.cutOff()
	before := heap()
	var took times
	share(4, writes, func(i int) {
		took.add(timed(func() { a.set(t, fmt.Sprint("k", i), i) }))
		if i%10 == 0 {
			a.set(t, "often", i)
		}
	})
	a.set(t, "often", writes)
	limit := 5 * time.Millisecond
	if raceDetector {
		limit *= 10 // four writers share two processors with the detector
	}
	if p99 := took.quantile(0.99); p99 > limit {
		t.Errorf("99 of 100 sets took up to %v, want at most %v", p99, limit)
	}
	took = times{}
	grown := heap() - before
	t.Logf("the heap grew by %d KiB", grown>>10)
	if grown > 32<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	// Each write of a key that there was no room for is counted.
	if n := a.count(core.RecoveryOverflowed); n != writes+1-kept {
		t.Errorf("%d writes were counted as dropped, want %d", n, writes+1-kept)
	}
	p := listen(t, w)
	a.net.Restore()
	soon(t, patience, "writes to be made good", func() bool { return a.count(core.Replayed) > 0 })
	begin := time.Now()
	soon(t, patience, "all writes to be made good", func() bool { return a.debts(t) == 0 })
	if d := since(begin); d > 2*time.Second && !raceDetector {
		t.Errorf("%d writes took %v, want at most 2 s", kept, d)
	} else {
		t.Logf("%d writes took %v", kept, d)
	}
	for _, key := range keys {
		soon(t, patience, "the old value of "+key+" to be gone from B", func() bool { return b.hasNot(t, key, -1) })
		start(t, w, setting{}).wantNot(t, key, -1)
	}
	soon(t, patience, "writes to be committed again", func() bool { return a.set(t, "after", 1) == core.Committed })
	soon(t, patience, "a write after the outage on B", func() bool { return b.has(t, "after", 1) })
	if n := p.written(t, "app", "often"); n > 2 {
		t.Errorf("a key that was written often was written again %d times", n)
	}
}

// heap returns how many bytes are in use. What earlier tests have left in pools is gone
// after the second collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A write that the server never takes does not hold up the others.
func TestSeed_DC12_PoisonedKeyDelaysNoOther(t *testing.T) {
	w := startRedis(t)
	a, b := pair(t, w, core.EntryOptions{TTL: time.Hour})
	a.spread(t, "warm", 1, b)
	poison := "poison"
	a.spy.poison.Store(&poison)
	a.cutOff()
	a.set(t, poison, 1)
	const others = 50
	for i := range others {
		a.set(t, fmt.Sprint("k", i), i)
	}
	a.net.Restore()
	begin := time.Now()
	for i := range others {
		soon(t, patience, "the other writes on B", func() bool { return b.has(t, fmt.Sprint("k", i), i) })
	}
	if d := since(begin); d > 4*time.Second {
		t.Errorf("the others took %v", d)
	}
	b.wantMiss(t, poison)
	a.spy.poison.Store(nil)
	soon(t, patience, "the poisoned write at last", func() bool { return b.has(t, poison, 1) })
}

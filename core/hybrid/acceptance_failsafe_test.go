// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// safe are the options of most scenarios here.
func safe() core.EntryOptions {
	return core.EntryOptions{TTL: time.Minute, StaleTTL: 5 * time.Minute, Throttle: time.Minute}
}

// countedMemory is a map that knows its length.
type countedMemory struct{ mapMemory }

func (m *countedMemory) Len() (n int) {
	m.m.Range(func(any, any) bool { n++; return true })
	return n
}

func TestSeed_FS1_OneEntryIsAllThatFailSafeKeeps(t *testing.T) {
	const keys = 20_000
	heap := func(defaults core.EntryOptions) (size uint64) {
		memory := new(countedMemory)
		c := open[string](t, hybrid.Options{Memory: memory, Defaults: defaults})
		before := heapInUse()
		for i := range keys {
			if _, err := c.Set(t.Context(), fmt.Sprintf("key-%d", i), "value"); err != nil {
				t.Fatal(err)
			}
		}
		size = heapInUse() - before
		if n := memory.Len(); n != keys {
			t.Errorf("memory holds %d entries for %d keys", n, keys)
		}
		runtime.KeepAlive(c)
		return size
	}
	plain := heap(core.EntryOptions{TTL: time.Minute})
	withFailSafe := heap(safe())
	if float64(withFailSafe) > 1.2*float64(plain) {
		t.Errorf("%d bytes with fail-safe, %d without", withFailSafe, plain)
	}
}

func heapInUse() uint64 {
	for range 3 { // pools and what earlier tests left are gone after several only
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestSeed_FS2_StaleIsServedForAFailureAndThenWithoutAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		c := open[int](t, net.join(safe()))
		synctest.Wait()
		activated, stale := tally(c, core.FailSafeActivated), tally(c, core.StaleHit)
		f := okThenFails()
		expectAsk(t, c, f, 1, 1)

		time.Sleep(61 * time.Second)
		expectAsk(t, c, f, 1, 2)
		expectCount(t, "FailSafeActivated", activated, 1)
		expectCount(t, "StaleHit", stale, 1)

		gets := net.gets.Load()
		for range 1000 {
			expectAsk(t, c, f, 1, 2)
		}
		expectCount(t, "StaleHit", stale, 1001)
		expectCount(t, "FailSafeActivated", activated, 1)
		expectCount(t, "reads of the server", &net.gets, gets)
	})
}

func TestSeed_FS3_AFailureIsNotTriedAgainForTheWholeWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: safe()})
		f := okThenFails()
		expectAsk(t, c, f, 1, 1)
		time.Sleep(61 * time.Second)
		expectAsk(t, c, f, 1, 2)
		failed := time.Now()
		at(failed, time.Minute-1)
		expectAsk(t, c, f, 1, 2)
		at(failed, time.Minute)
		expectAsk(t, c, f, 1, 3)
	})
}

func TestSeed_FS4_SuccessEndsFailSafe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := safe()
		o.MaxCycles = 2
		o.StaleTTL = time.Hour
		c := open[int](t, hybrid.Options{Defaults: o})
		f := &F[int]{results: []func() (int, error){
			returns(1), fails[int](errBoom), returns(2), fails[int](errBoom),
		}}
		expectAsk(t, c, f, 1, 1)
		time.Sleep(61 * time.Second)
		expectAsk(t, c, f, 1, 2) // the first window

		time.Sleep(61 * time.Second)
		expectAsk(t, c, f, 2, 3)
		time.Sleep(59 * time.Second)
		expectAsk(t, c, f, 2, 3) // fresh for the whole TTL
		time.Sleep(2 * time.Second)
		expectAsk(t, c, f, 2, 4) // the counter began anew: two windows, then the error
		time.Sleep(61 * time.Second)
		expectAsk(t, c, f, 2, 5)
		time.Sleep(61 * time.Second)
		expectFailure(t, c, f, errBoom)
	})
}

func TestSeed_FS4_SetEndsFailSafeAtOnceHereAndElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		a, b := open[int](t, net.join(safe())), open[int](t, net.join(safe()))
		synctest.Wait()
		f := okThenFails()
		expectAsk(t, a, f, 1, 1)
		time.Sleep(61 * time.Second)
		expectAsk(t, a, f, 1, 2)
		expectAsk(t, b, f, 1, 3)

		set(t, a, 2)
		synctest.Wait()
		expectHit(t, a, 2)
		expectAsk(t, a, f, 2, 3)
		expectAsk(t, b, f, 2, 3)
	})
}

func TestSeed_FS5_WithoutAStaleValueTheErrorIsTheFactorys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: safe()})
		f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
		expectFailure(t, c, f, errBoom)
		expectFailure(t, c, f, errBoom)
		expectCalls(t, f, 2)
	})
}

func TestSeed_FS6_AfterTheLastWindowTheErrorIsTheFactorys(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		o := safe()
		o.MaxCycles, o.StaleTTL = 3, time.Hour
		c := open[int](t, hybrid.Options{Distributed: layer, Defaults: o})
		f := okThenFails()
		expectAsk(t, c, f, 1, 1)
		for cycle := range int64(3) {
			time.Sleep(61 * time.Second)
			expectAsk(t, c, f, 1, 2+cycle)
		}
		time.Sleep(61 * time.Second)
		expectFailure(t, c, f, errBoom)
		expectFailure(t, c, f, errBoom)
	})
}

func TestSeed_FS7_StaleValueOutlivesItsNodeInTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		a := open[int](t, net.join(safe()))
		synctest.Wait()
		f := okThenFails()
		expectAsk(t, a, f, 1, 1)
		if err := a.Stack().Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(61 * time.Second)

		b := open[int](t, net.join(safe()))
		synctest.Wait()
		expectAsk(t, b, f, 1, 2)
		expectAsk(t, b, f, 1, 2) // in the window
		time.Sleep(240 * time.Second)
		expectFailure(t, b, f, errBoom) // no longer than it would have lived on its node
	})
}

func TestSeed_FS8_FreshInTheServerIsBetterThanStaleInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		o := net.join(safe())
		o.Backplane = nil // the notification is lost
		a, b := open[int](t, net.join(safe())), open[int](t, o)
		synctest.Wait()
		f := okThenFails()
		expectAsk(t, b, f, 1, 1)
		time.Sleep(61 * time.Second)
		set(t, a, 2)
		expectAsk(t, b, f, 2, 1)
	})
}

func TestSeed_FS9_GetServesStaleOnlyWhenAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: safe()})
		stale := tally(c, core.StaleHit)
		set(t, c, 1)
		time.Sleep(61 * time.Second)
		expectMiss(t, c)
		expectCount(t, "StaleHit", stale, 0)
		expectHit(t, c, 1, core.AllowStale(true))
		expectCount(t, "StaleHit", stale, 1)

		// A throttle window makes no difference to a read without a factory.
		f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
		expectAsk(t, c, f, 1, 1)
		expectMiss(t, c)
		expectHit(t, c, 1, core.AllowStale(true))

		time.Sleep(4 * time.Minute)
		expectMiss(t, c, core.AllowStale(true))
	})
}

func TestSeed_FS10_ServingAStaleValueDoesNotKeepItAlive(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer, Defaults: safe()})
		f := okThenFails()
		expectAsk(t, c, f, 1, 1)
		start := time.Now()
		var last time.Duration
		for range 400 {
			time.Sleep(time.Second)
			if _, err := c.GetOrSet(t.Context(), "k", f.load); err == nil {
				last = time.Since(start)
			}
		}
		if last != 299*time.Second {
			t.Errorf("last served at %v, want 299s", last)
		}
	})
}

func TestSeed_FS11_TheEndOfACallersContextIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := safe()
		o.CancelOnTimeout = true
		c := open[int](t, hybrid.Options{Defaults: o})
		activated := tally(c, core.FailSafeActivated)
		set(t, c, 1)
		time.Sleep(61 * time.Second)

		f := &F[int]{delay: time.Second, results: []func() (int, error){returns(2)}}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if v, err := c.GetOrSet(ctx, "k", f.load); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, %v, want context.Canceled", v, err)
			}
		})
		time.Sleep(500 * time.Millisecond)
		cancel()
		wg.Wait()
		synctest.Wait()
		expectCount(t, "cancelled factories", &f.ctxCancelled, 1)
		expectCount(t, "FailSafeActivated", activated, 0)
		expectAsk(t, c, f, 2, 2) // no window holds others back
	})
}

func TestSeed_FS11_AMarkedErrorIsAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: safe()})
		activated := tally(c, core.FailSafeActivated)
		errNotFound := errors.New("not found")
		f := &F[int]{results: []func() (int, error){
			returns(1), fails[int](fmt.Errorf("query: %w", core.NoFailSafe(errNotFound))),
		}}
		expectAsk(t, c, f, 1, 1)
		time.Sleep(61 * time.Second)
		expectFailure(t, c, f, errNotFound)
		expectFailure(t, c, f, errNotFound)
		expectCalls(t, f, 3)
		expectCount(t, "FailSafeActivated", activated, 0)
	})
}

func TestSeed_FS12_RemoveDestroysTheStaleCopyEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		a, b := open[int](t, net.join(safe())), open[int](t, net.join(safe()))
		synctest.Wait()
		set(t, a, 1)
		expectHit(t, b, 1)
		if _, err := a.Remove(t.Context(), "k"); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
		for _, node := range []*hybrid.Cache[int]{a, b} {
			expectMiss(t, node, core.AllowStale(true))
			expectFailure(t, node, f, errBoom)
		}
	})
}

func TestSeed_FS12_ARefreshThatFailsDoesNotBringBackWhatWasRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: safe()})
		set(t, c, 1)
		time.Sleep(61 * time.Second)
		f := &F[int]{delay: 200 * time.Millisecond, results: []func() (int, error){fails[int](errBoom)}}
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = c.GetOrSet(t.Context(), "k", f.load) })
		time.Sleep(50 * time.Millisecond)
		if _, err := c.Remove(t.Context(), "k"); err != nil {
			t.Error(err)
		}
		wg.Wait()
		expectMiss(t, c, core.AllowStale(true))
		expectFailure(t, c, f, errBoom)
	})
}

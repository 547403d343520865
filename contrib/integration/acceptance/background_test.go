// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

// A network that is slow by 200 ms each way would let 16 workers do 40 writes in a
// second. They take along what waits.
func TestSeed_DC13_BackgroundWritesWaitForNothing(t *testing.T) {
	// KV has no call for many keys, and needs a second round trip for each.
	for name, limit := range map[string]time.Duration{"redis": 2 * time.Second, "nats": 5 * time.Second} {
		in(t, func(t *testing.T, w world) {
			within3(t, func() error { return thousandInTheBackground(t, w, limit) })
		}, name)
	}
}

func thousandInTheBackground(t *testing.T, w world, limit time.Duration) error {
	const writes, workers = 1000, 16
	o := core.EntryOptions{TTL: time.Minute, BackgroundWrites: true, DistributedTimeout: 5 * time.Second}
	a := start(t, w, setting{Options: hybrid.Options{Defaults: o, Background: coherence.BackgroundLimits{Workers: workers}}})
	a.set(t, "warm", 1)
	soon(t, patience, "the first write", func() bool { return a.spy.done.Load() == 1 })
	a.net.Delay(200 * time.Millisecond)
	before, begin := runtime.NumGoroutine(), time.Now()
	took := timed(func() {
		for i := range writes {
			a.set(t, fmt.Sprint("k", i), i)
		}
	})
	goroutines := 0
	soon(t, patience, "the server to have all", func() bool {
		goroutines = max(goroutines, runtime.NumGoroutine()-before)
		return a.spy.done.Load() == writes+1
	})
	all := since(begin)
	t.Logf("%d sets in %v, on the server after %v, %d more goroutines", writes, took, all, goroutines)
	// Each worker may open a connection, which takes the proxy four more; KV makes up to
	// 32 calls for each.
	if _, batches := w.(redisWorld); batches && goroutines > 6*workers+20 || goroutines > 40*workers {
		t.Errorf("%d more goroutines", goroutines)
	}
	a.heal()
	fresh := start(t, w, setting{})
	for i := range writes {
		fresh.want(t, fmt.Sprint("k", i), i)
	}
	most := 50 * time.Millisecond
	if raceDetector {
		most *= 10
	}
	if took > most {
		return tooSlow("1000 background sets", took, most)
	}
	if all > limit {
		return tooSlow("the server", all, limit)
	}
	return nil
}

func TestSeed_DC14_FrozenServerCostsItsLimitOnce(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		within3(t, func() error {
			o := core.EntryOptions{
				TTL: time.Minute, StaleTTL: time.Hour,
				DistributedSoftTimeout: 20 * time.Millisecond, DistributedTimeout: 100 * time.Millisecond,
			}
			a := start(t, w, setting{Options: guarded(o, breaker.LayerOptions{Failures: 1, OpenFor: 10 * time.Second})})
			a.commit(t, "warm", 1)
			a.net.Hang()
			defer a.heal()
			first := timed(func() { a.ask(t, "first", gives(1), 1) })
			if first > 100*time.Millisecond+slack {
				return tooSlow("the first load", first, 100*time.Millisecond)
			}
			var later times
			for i := range 200 {
				later.add(timed(func() { a.ask(t, fmt.Sprint("k", i), gives(i), i) }))
			}
			if p95 := later.quantile(0.95); p95 > time.Millisecond {
				return tooSlow("95 of 100 later loads", p95, time.Millisecond)
			}
			return nil
		})
	})
}

func TestSeed_DC15_BackgroundWritesKeepTheirOrder(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		const keys = 2000 - raceDetectorLess*1000
		o := core.EntryOptions{TTL: time.Minute, BackgroundWrites: true}
		a := start(t, w, setting{Options: hybrid.Options{Defaults: o, Background: coherence.BackgroundLimits{Workers: 8}}})
		share(8, keys, func(i int) {
			key := fmt.Sprint("k", i)
			a.set(t, key, 1)
			if i%4 == 0 {
				_, _ = a.Remove(t.Context(), key)
			}
			a.set(t, key, 2)
			if i%4 == 1 {
				_, _ = a.Remove(t.Context(), key)
			}
		})
		agree := func(n *node) {
			for i := range keys {
				if key := fmt.Sprint("k", i); i%4 == 1 {
					n.wantMiss(t, key)
				} else {
					n.want(t, key, 2)
				}
			}
		}
		agree(a)
		if err := a.stack.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
		agree(start(t, w, setting{objects: true}))
	})
}

func TestSeed_DC16_CloseFlushesBackgroundWrites(t *testing.T) {
	t.Parallel()
	everywhereConnected(t, func(t *testing.T, w world) {
		t.Parallel()
		const writes = 500
		o := core.EntryOptions{TTL: time.Minute, BackgroundWrites: true, DistributedTimeout: 5 * time.Second}
		a := start(t, w, setting{Options: hybrid.Options{Defaults: o}})
		a.set(t, "warm", 1)
		a.net.Delay(50 * time.Millisecond)
		for i := range writes {
			a.set(t, fmt.Sprint("k", i), i)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := a.stack.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
		fresh := start(t, w, setting{})
		for i := range writes {
			fresh.want(t, fmt.Sprint("k", i), i)
		}
	})
}

func TestSeed_DC16_CloseSaysHowManyWritesAreLeft(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		o := core.EntryOptions{TTL: time.Minute, BackgroundWrites: true, DistributedTimeout: 5 * time.Second}
		a := start(t, w, setting{Options: hybrid.Options{Defaults: o}})
		a.set(t, "warm", 1)
		a.net.Delay(50 * time.Millisecond)
		for i := range 500 {
			a.set(t, fmt.Sprint("k", i), i)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		err := a.stack.Close(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(fmt.Sprint(err), "background writes not flushed") {
			t.Errorf("close: %v, want the number of writes that are left", err)
		}
		var left int
		if _, number, ok := strings.Cut(fmt.Sprint(err), "cache: close: "); ok {
			_, _ = fmt.Sscan(number, &left)
		}
		if left < 100 || left > 501 {
			t.Errorf("close: %v: says %d, want most of 501", err, left)
		}
		a.heal()
		fresh, there := start(t, w, setting{}), 1 // "warm"
		for i := range 500 {
			if fresh.has(t, fmt.Sprint("k", i), i) {
				there++
			}
		}
		if there < 501-left {
			t.Errorf("%d of 501 writes are left, and the server has %d", left, there)
		}
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

func newInflightStack(t *testing.T) *Cache[int] {
	t.Helper()
	s := Must(New(Options{Memory: orderMemory{new(sync.Map)}}))
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return Must(Of[int](s, "v"))
}

func one(context.Context, string) (int, error) { return 1, nil }

func TestSeed_ST9_MissesLeaveNothingBehind(t *testing.T) {
	const misses = 20_000
	c := newInflightStack(t)
	fails := func(context.Context, string) (int, error) { return 0, errors.New("no") }
	opts := []core.Option{core.Without(core.SkipMemory), core.ErrorBackoff(1)}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range misses {
		f := one
		if i%2 == 0 {
			f = fails
		}
		ctx := context.Background()
		if i%4 < 2 {
			ctx = t.Context() // this caller gets a flight on a goroutine of its own
		}
		_, _ = c.GetOrSet(ctx, "key"+strconv.Itoa(i), f, opts...)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := c.stack.loads.Len() + c.stack.reads.Len(); n != 0 {
		t.Errorf("%d flights are still in the table", n)
	}
	// What may remain is bounded by other limits: at most 4,096 windows, a few pools.
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("the heap grew by %d bytes in %d misses that store nothing", grown, misses)
	}
}

func TestSeed_ST9_HitAllocatesNothing(t *testing.T) {
	c := newInflightStack(t)
	ctx := t.Context()
	if _, err := c.Set(ctx, "k", 1); err != nil {
		t.Fatal(err)
	}
	byNumber := NewKeyed(c, IntKey[int])
	if _, err := byNumber.Set(ctx, 42, 1); err != nil {
		t.Fatal(err)
	}
	twice := func(context.Context, int) (int, error) { return 2, nil }
	for name, hit := range map[string]func(){
		"GetOrSet":              func() { _, _ = c.GetOrSet(ctx, "k", one) },
		"GetOrSet with options": func() { _, _ = c.GetOrSet(ctx, "k", one, core.TTL(1), core.FailSafe(2), core.HardTimeout(3)) },
		"Get":                   func() { _, _, _ = c.Get(ctx, "k") },
		"Keyed.GetOrSet":        func() { _, _ = byNumber.GetOrSet(ctx, 42, twice) },
	} {
		if n := testing.AllocsPerRun(1000, hit); n != 0 {
			t.Errorf("%s: %v allocations on a hit, want none", name, n)
		}
	}
}

func TestSeed_ST9_HitAllocatesNothingForListenersThatKeepNothing(t *testing.T) {
	c := newInflightStack(t)
	_, _ = c.Set(t.Context(), "k", 1)
	hits := 0
	c.Stack().Events().ListenBriefly("counter", core.AllKinds, func(ev core.Event) {
		if ev.Kind == core.Hit && ev.Key != "" {
			hits++
		}
	})
	if n := testing.AllocsPerRun(1000, func() { _, _ = c.GetOrSet(t.Context(), "k", one) }); n != 0 || hits == 0 {
		t.Errorf("%v allocations on a hit, want none; %d hits were heard", n, hits)
	}
}

func TestSeed_ST9_HitStartsNoGoroutine(t *testing.T) {
	c := newInflightStack(t)
	_, _ = c.Set(t.Context(), "k", 1)
	before := runtime.NumGoroutine()
	for range 1000 {
		_, _ = c.GetOrSet(t.Context(), "k", one)
	}
	after := runtime.NumGoroutine()
	for range 20 { // the runtime counts wrongly while it tidies up those that have ended
		runtime.Gosched()
		after = min(after, runtime.NumGoroutine())
	}
	if after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}

// The budget of a miss that nobody shares: the key, the options' way down, the
// flight, the entry, and what memory makes of it.
func TestGetOrSet_MissAllocatesLittle(t *testing.T) {
	c := newInflightStack(t)
	for _, test := range []struct {
		name   string
		ctx    context.Context
		budget float64
	}{
		{"for a caller that cannot give up", context.Background(), 8},
		{"for one that can", t.Context(), 20},
	} {
		got := testing.AllocsPerRun(1000, func() {
			_, _ = c.GetOrSet(test.ctx, "k", one)
			c.stack.memory.Delete("v:k")
		})
		if got > test.budget {
			t.Errorf("a miss %s allocates %v times, the budget is %v", test.name, got, test.budget)
		}
		t.Logf("a miss %s: %v allocations", test.name, got)
	}
}

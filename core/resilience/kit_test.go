// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

var errBoom = errors.New("boom")

// rig is what the policies under test are given, and records what they do.
type rig struct {
	clock  core.Clock
	events *core.Events

	mu   sync.Mutex
	seen []core.Event
}

// bubble runs test in virtual time.
func bubble(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{clock: core.NewMonotonic(nil), events: core.NewEvents("test")}
		r.events.Listen("test", core.AllKinds, func(ev core.Event) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.seen = append(r.seen, ev)
		})
		test(t, r)
	})
}

// took returns the events since the last call.
func (r *rig) took() []core.Event {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { r.seen = nil }()
	return r.seen
}

func (r *rig) checkKinds(t *testing.T, want ...core.Kind) []core.Event {
	t.Helper()
	events := r.took()
	var got []core.Kind
	for _, ev := range events {
		got = append(got, ev.Kind)
		if ev.Key != "k" {
			t.Errorf("event %v without the key", ev)
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("events %v, want %v", got, want)
	}
	return events
}

// ask returns a request for "k" with defaults in o filled in.
func (r *rig) ask(o core.EntryOptions, f func(context.Context, string) (int, error)) core.Request {
	o = o.WithDefaults()
	req := core.Request{Key: "k", Options: &o}
	if f != nil {
		req.Factory = core.FactoryFunc(r.clock, f)
	}
	return req
}

// stale returns an entry that is of use to fail-safe for life.
func (r *rig) stale(v int, life time.Duration) *core.Entry {
	now := r.clock.Now()
	return core.Live(v, core.Meta{Born: now, Checked: now, Stale: now, Dead: now.Add(life)})
}

// slow returns a factory that takes d, heeds its context and returns v.
func slow(d time.Duration, v int) func(context.Context, string) (int, error) {
	return func(ctx context.Context, _ string) (int, error) {
		select {
		case <-time.After(d):
			return v, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func failing(context.Context, string) (int, error) { return 0, errBoom }

// shelf is a Throttler that holds one entry.
type shelf struct {
	held  *core.Entry
	until core.Instant
}

func (s *shelf) Throttle(_ string, held *core.Entry, until core.Instant) bool {
	if s.held != held {
		return false
	}
	m := held.Meta()
	m.Retry, m.Cycles = until, m.Cycles+1
	s.held, s.until = held.With(m), until
	return true
}

func checkValue(t *testing.T, res core.Result, err error, want int) {
	t.Helper()
	if err != nil {
		t.Fatalf("got %v", err)
	}
	if res.Entry == nil {
		t.Fatal("got no entry")
	}
	if v, ok := core.Value[int](res.Entry); !ok || v != want {
		t.Fatalf("got %v, %v; want %d", v, ok, want)
	}
}

func checkError(t *testing.T, res core.Result, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || res != (core.Result{}) {
		t.Fatalf("got %v, %v; want nothing and %v", res, err, want)
	}
}

// pass lets virtual time pass.
func pass(d time.Duration) { time.Sleep(d) }

// stopwatch tells how much virtual time has passed.
func stopwatch() func(t *testing.T, want time.Duration) {
	start := time.Now()
	return func(t *testing.T, want time.Duration) {
		t.Helper()
		if got := time.Since(start); got != want {
			t.Errorf("took %v, want %v", got, want)
		}
	}
}

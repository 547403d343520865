// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

// window returns how long the callers of the key get the error of the last failure.
func (b *backoffRig) window() time.Duration {
	until, _ := b.Peek("k")
	return until.Sub(b.clock.Now())
}

// fail has the source fail once more, behind the present window, and returns how long
// the next one lasts.
func (b *backoffRig) fail(t *testing.T, o core.EntryOptions) time.Duration {
	t.Helper()
	if until, err := b.Peek("k"); err != nil {
		pass(until.Sub(b.clock.Now()))
	}
	b.source.down = true
	before := b.source.calls
	if _, err := b.get(t.Context(), b.ask(o, b.source.load)); !errors.Is(err, errBoom) || b.source.calls != before+1 {
		t.Fatalf("got %v after %d calls", err, b.source.calls-before)
	}
	return b.window()
}

func checkBetween(t *testing.T, d, least, most time.Duration) {
	t.Helper()
	if d < least || d > most {
		t.Errorf("a window of %v, want %v to %v", d, least, most)
	}
}

func growing(most time.Duration) core.EntryOptions {
	o := backingOff
	o.ErrorBackoffMax = most
	return o
}

func TestBackoff_DoublesWithEachFailureInARowUpToTheMost(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		checkBetween(t, b.fail(t, growing(10*time.Second)), time.Second, time.Second)
		for _, want := range []time.Duration{2, 4, 8, 10, 10, 10} {
			checkBetween(t, b.fail(t, growing(10*time.Second)), want*time.Second*4/5, want*time.Second)
		}
		checkBetween(t, b.fail(t, backingOff), time.Second, time.Second) // a caller without growth
	})
}

func TestBackoff_GrowthIsSpreadByChance(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		seen := map[time.Duration]bool{}
		for range 20 {
			b := newBackoffRig(r)
			b.fail(t, growing(time.Minute))
			seen[b.fail(t, growing(time.Minute))] = true
		}
		if len(seen) < 10 {
			t.Errorf("%d different windows of 20", len(seen))
		}
	})
}

func TestBackoff_GrowthHasNoOverflow(t *testing.T) {
	for _, most := range []time.Duration{time.Second, 24 * time.Hour, core.Forever} {
		bubble(t, func(t *testing.T, r *rig) {
			b := newBackoffRig(r)
			for range 40 {
				if d := b.fail(t, growing(most)); d < time.Second || d > most {
					t.Fatalf("a window of %v, want 1s to %v", d, most)
				}
				if b.window() > 1000*time.Hour {
					break // as far as the clock of a bubble goes
				}
			}
		})
	}
}

func TestBackoff_WhatEndsTheRow(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *backoffRig){
		"success": func(t *testing.T, b *backoffRig) {
			pass(b.window())
			b.source.down = false
			if _, err := b.get(t.Context(), b.ask(growing(time.Minute), b.source.load)); err != nil {
				t.Error(err)
			}
		},
		"write":                    func(_ *testing.T, b *backoffRig) { b.Revoke("k") },
		"write after the window":   func(_ *testing.T, b *backoffRig) { pass(b.window()); b.Revoke("k") },
		"write of all":             func(_ *testing.T, b *backoffRig) { b.RevokeAll() },
		"write during the attempt": writeDuringTheAttempt,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				b := newBackoffRig(r)
				b.fail(t, growing(time.Minute))
				checkBetween(t, b.fail(t, growing(time.Minute)), 1600*time.Millisecond, 2*time.Second)
				end(t, b)
				checkBetween(t, b.fail(t, growing(time.Minute)), time.Second, time.Second)
			})
		})
	}
}

func writeDuringTheAttempt(t *testing.T, b *backoffRig) {
	pass(b.window())
	f := func(context.Context, string) (int, error) { b.Revoke("k"); return 0, errBoom }
	if _, err := b.get(t.Context(), b.ask(growing(time.Minute), f)); !errors.Is(err, errBoom) {
		t.Error(err)
	}
}

func TestBackoff_WhatIsNoFailureLeavesTheRowAlone(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		b.fail(t, growing(time.Minute))
		pass(b.window())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.get(ctx, b.ask(growing(time.Minute), slow(time.Minute, 1))); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if _, err := b.Peek("k"); err != nil {
			t.Errorf("a window is open: %v", err)
		}
		checkBetween(t, b.fail(t, growing(time.Minute)), 1600*time.Millisecond, 2*time.Second)
	})
}

func TestBackoff_ManyWhoWaitForOneFailureAreOneOfTheRow(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		loads := resilience.NewStampede(r.clock, nil, resilience.Limits{})
		b := newBackoffRig(r, loads.Stage)
		failLate := func(context.Context, string) (int, error) { pass(time.Second); return 0, errBoom }
		for _, most := range []time.Duration{1, 2, 4} {
			var callers sync.WaitGroup
			for range 10 {
				callers.Go(func() { _, _ = b.get(t.Context(), b.ask(growing(time.Minute), failLate)) })
			}
			callers.Wait()
			checkBetween(t, b.window(), most*800*time.Millisecond, most*time.Second)
			pass(b.window())
		}
	})
}

func TestStampede_OnSuccessHearsOfFlightsThatNobodyWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		loads := resilience.NewStampede(r.clock, nil, resilience.Limits{})
		var heard []string
		loads.OnSuccess(func(key string) { heard = append(heard, key) })
		get := core.Chain(resilience.Origin(r.clock, nil), loads.Stage)
		leave := func(key string, f func(context.Context, string) (int, error)) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			q := r.ask(core.EntryOptions{}, f)
			q.Key = key
			_, _ = get(ctx, q)
			pass(time.Minute)
			synctest.Wait()
		}
		leave("waited for", slow(0, 1))
		leave("left", slow(2*time.Second, 1))
		leave("failed", func(context.Context, string) (int, error) { pass(2 * time.Second); return 0, errBoom })
		if len(heard) != 1 || heard[0] != "left" {
			t.Errorf("heard of %q", heard)
		}
	})
}

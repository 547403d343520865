// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestClose_WaitsForFlightsWithCallersAndRefusesNewOnes(t *testing.T) {
	for _, ctx := range []func(*testing.T) context.Context{
		func(t *testing.T) context.Context { return t.Context() },
		func(*testing.T) context.Context { return context.Background() },
	} {
		bubble(t, Limits{}, func(t *testing.T, g *Group) {
			running := call(ctx(t), g, request("a"), after(time.Second, nil))
			synctest.Wait()
			closed := make(chan time.Duration)
			start := time.Now()
			go func() {
				if err := g.Close(t.Context()); err != nil {
					t.Errorf("close: %v", err)
				}
				closed <- time.Since(start)
			}()
			synctest.Wait()
			for _, key := range []string{"a", "b"} {
				call(ctx(t), g, request(key), after(0, nil))().check(t, core.ErrClosed, 0)
			}
			running().check(t, nil, time.Second)
			if d := <-closed; d != time.Second {
				t.Errorf("closed after %v, want when the flight has ended", d)
			}
		})
	}
}

func TestClose_CancelsFlightsThatNobodyWaitsFor(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		var cause error
		stays := func(ctx context.Context, _ core.Request) (core.Result, error) {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return core.Result{}, cause
		}
		call(within(t, time.Second, errBoom), g, request("a"), stays)().check(t, errBoom, time.Second)
		start := time.Now()
		if err := g.Close(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("close: %v after %v", err, time.Since(start))
		}
		if !errors.Is(cause, core.ErrClosed) {
			t.Errorf("cause %v, want core.ErrClosed", cause)
		}
	})
}

func TestClose_CancelsAFlightWhoseLastCallerLeavesMeanwhile(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		a := call(within(t, time.Second, errBoom), g, request("a"), after(time.Hour, nil))
		synctest.Wait()
		start := time.Now()
		if err := g.Close(t.Context()); err != nil || time.Since(start) != time.Second {
			t.Errorf("close: %v after %v, want when the caller has left", err, time.Since(start))
		}
		a().check(t, errBoom, time.Second)
	})
}

func TestClose_CancelsAllWhenItsContextEnds(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		heeds := call(t.Context(), g, request("a"), after(time.Hour, nil))
		revoked := call(t.Context(), g, request("b"), after(time.Hour, nil))
		ignores := call(t.Context(), g, request("c"), deaf(time.Hour))
		synctest.Wait()
		g.Revoke("b")
		start := time.Now()
		why := errors.New("why")
		if err := g.Close(within(t, 2*time.Second, why)); !errors.Is(err, why) || time.Since(start) != 2*time.Second {
			t.Errorf("close: %v after %v", err, time.Since(start))
		}
		heeds().check(t, core.ErrClosed, 2*time.Second)
		revoked().check(t, core.ErrClosed, 2*time.Second)
		ignores().check(t, nil, time.Hour)
	})
}

func TestClose_TwiceAndConcurrently(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		running := call(t.Context(), g, request("a"), after(time.Second, nil))
		synctest.Wait()
		start := time.Now()
		var closers sync.WaitGroup
		for range 10 {
			closers.Go(func() {
				if err := g.Close(t.Context()); err != nil || time.Since(start) != time.Second {
					t.Errorf("close: %v after %v", err, time.Since(start))
				}
			})
		}
		closers.Wait()
		running().check(t, nil, time.Second)
		if err := g.Close(t.Context()); err != nil {
			t.Errorf("close again: %v", err)
		}
	})
}

func TestClose_OfAnIdleGroup(t *testing.T) {
	g := NewGroup(core.NewMonotonic(nil), Limits{}, nil)
	if err := g.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// A flight that is begun just when Close gives up is either refused or cancelled.
func TestClose_RacesWithNewFlights(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			g := NewGroup(core.NewMonotonic(nil), Limits{}, nil)
			over, cancel := context.WithCancel(t.Context())
			cancel()
			a := call(t.Context(), g, request("a"), after(time.Hour, nil))
			closed := make(chan struct{})
			go func() { defer close(closed); _ = g.Close(over) }()
			if got := a(); !errors.Is(got.err, core.ErrClosed) || got.took != 0 {
				t.Fatalf("got %v after %v", got.err, got.took)
			}
			<-closed
		})
	}
}

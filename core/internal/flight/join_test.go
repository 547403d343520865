// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// counted counts the calls of next.
func counted(n *atomic.Int64, next core.Handler) core.Handler {
	return func(ctx context.Context, r core.Request) (core.Result, error) {
		n.Add(1)
		return next(ctx, r)
	}
}

func TestDo_RunsOneFlightPerKey(t *testing.T) {
	for _, err := range []error{nil, errBoom} {
		bubble(t, Limits{}, func(t *testing.T, g *Group) {
			var calls [2]atomic.Int64
			var got []func() answer
			for range 100 {
				for i, key := range []string{"a", "b"} {
					got = append(got, call(t.Context(), g, request(key), counted(&calls[i], after(time.Second, err))))
				}
			}
			synctest.Wait()
			if n := g.Len(); n != 2 {
				t.Errorf("%d flights, want 2", n)
			}
			for _, a := range got {
				a().check(t, err, time.Second)
			}
			if a, b := calls[0].Load(), calls[1].Load(); a != 1 || b != 1 {
				t.Errorf("handlers ran %d and %d times, want once each", a, b)
			}
			call(t.Context(), g, request("a"), counted(&calls[0], after(0, nil)))().check(t, nil, 0)
			if n := calls[0].Load(); n != 2 {
				t.Error("a call after the flight has ended did not start another")
			}
		})
	}
}

func TestDo_RunsOnTheCallersGoroutineIfItCannotGiveUp(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		leader := call(context.Background(), g, request("k"), func(ctx context.Context, r core.Request) (core.Result, error) {
			if ctx.Done() != nil {
				t.Error("the flight can be cancelled")
			}
			return after(time.Second, nil)(ctx, r)
		})
		synctest.Wait()
		time.Sleep(300 * time.Millisecond)
		joined := call(context.Background(), g, request("k"), after(0, errBoom))
		patient := call(t.Context(), g, request("k"), after(0, errBoom))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		call(ctx, g, cancelling("k"), after(0, errBoom))().check(t, context.DeadlineExceeded, 100*time.Millisecond)
		leader().check(t, nil, time.Second)
		joined().check(t, nil, 700*time.Millisecond)
		patient().check(t, nil, 700*time.Millisecond)
	})
}

func TestDo_DoesNotStartForACallerThatHasLeft(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		why := errors.New("why")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		_, err := g.Do(ctx, request("k"), func(context.Context, core.Request) (core.Result, error) {
			t.Error("the handler ran")
			return value, nil
		})
		if !errors.Is(err, why) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the cause and context.Canceled", err)
		}
	})
}

type traceKey struct{}

func TestDo_HandlerSeesTheFirstCallersValuesAndNothingElseOfIt(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), traceKey{}, "first"), time.Second)
		defer cancel()
		first := call(ctx, g, request("k"), func(ctx context.Context, r core.Request) (core.Result, error) {
			if got := ctx.Value(traceKey{}); got != "first" {
				t.Errorf("value %v, want that of the first caller", got)
			}
			if _, ok := ctx.Deadline(); ok {
				t.Error("the context has a deadline")
			}
			time.Sleep(2 * time.Second)
			if ctx.Err() != nil || context.Cause(ctx) != nil {
				t.Errorf("the context ended with its caller's: %v, %v", ctx.Err(), context.Cause(ctx))
			}
			return value, nil
		})
		synctest.Wait()
		second := call(context.WithValue(t.Context(), traceKey{}, "second"), g, request("k"), after(0, errBoom))
		first().check(t, context.DeadlineExceeded, time.Second)
		second().check(t, nil, 2*time.Second)
	})
}

func TestDo_HandlerOnTheCallersGoroutineSeesItsValues(t *testing.T) {
	g := NewGroup(core.NewMonotonic(nil), Limits{}, nil)
	ctx := context.WithValue(context.Background(), traceKey{}, "mine")
	_, err := g.Do(ctx, request("k"), func(ctx context.Context, r core.Request) (core.Result, error) {
		if got := ctx.Value(traceKey{}); got != "mine" {
			t.Errorf("value %v", got)
		}
		_, hasDeadline := ctx.Deadline()
		if hasDeadline || ctx.Err() != nil || context.Cause(ctx) != nil {
			t.Errorf("deadline %v, error %v, cause %v; want none", hasDeadline, ctx.Err(), context.Cause(ctx))
		}
		child, cancel := context.WithCancel(ctx)
		cancel()
		if child.Err() == nil || ctx.Err() != nil {
			t.Errorf("child ended with %v, its parent with %v", child.Err(), ctx.Err())
		}
		return value, nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDo_HandsOnTheRequestWithAToken(t *testing.T) {
	for _, ctx := range []context.Context{context.Background(), t.Context()} {
		g := NewGroup(core.NewMonotonic(nil), Limits{}, nil)
		sent := core.Request{Key: "k", Options: &core.EntryOptions{TTL: 1}, Held: core.Live(2, core.Meta{}), Seen: &core.Seen{}}
		_, err := g.Do(ctx, sent, func(_ context.Context, r core.Request) (core.Result, error) {
			if r.Token == nil || !r.Token.Valid() {
				t.Error("no valid token")
			}
			r.Token = nil
			if r != sent {
				t.Errorf("got %v, want %v", r, sent)
			}
			return value, nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestDo_EndedFlightsContextIsCancelled(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		var kept context.Context
		call(t.Context(), g, request("k"), func(ctx context.Context, _ core.Request) (core.Result, error) {
			kept = ctx
			return value, nil
		})().check(t, nil, 0)
		if kept.Err() == nil {
			t.Error("what the handler left behind is never told to stop")
		}
	})
}

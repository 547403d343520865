// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Callers that give up, handlers that fail, crash and ask for other keys,
// revocations: all at once, in real time. Nobody hangs, and nothing is left.
func TestStress_NobodyHangs(t *testing.T) {
	stress(t, Limits{Running: 100})
}

// The same where hardly any flight begins at once.
func TestStress_NobodyHangsInTheQueue(t *testing.T) {
	stress(t, Limits{Running: 2, Waiting: 5})
}

func stress(t *testing.T, limits Limits) {
	t.Helper()
	g := NewGroup(core.NewMonotonic(nil), limits, func(*Call) {})
	rounds := 500
	if testing.Short() {
		rounds = 50
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for range rounds {
				stressOnce(t, ctx, g)
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		t.Fatal("a caller hung")
	}
	if err := g.Close(ctx); err != nil {
		t.Fatal(err)
	}
	checkEmpty(t, g)
}

func stressOnce(t *testing.T, ctx context.Context, g *Group) {
	key := strconv.Itoa(rand.N(8))
	r := request(key)
	if rand.N(2) == 0 {
		r = cancelling(key)
	}
	switch rand.N(8) {
	case 0:
		g.Revoke(key)
	case 1:
		g.RevokeAll()
	}
	if rand.N(3) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, rand.N(200*time.Microsecond))
		defer cancel()
	} else if rand.N(3) == 0 {
		ctx = context.WithoutCancel(ctx)
	}
	next := stressHandler(g, ctx.Done() != nil)
	_, err := g.Do(ctx, r, next)
	_, crashed := errors.AsType[*core.PanicError](err)
	for _, expected := range []error{nil, errBoom, core.ErrOverload, core.ErrRecursiveLoad, context.Canceled, context.DeadlineExceeded} {
		if crashed || errors.Is(err, expected) {
			return
		}
	}
	t.Errorf("unexpected: %v", err)
}

func stressHandler(g *Group, mayExit bool) core.Handler {
	act, delay := rand.N(10), rand.N(100*time.Microsecond)
	return func(ctx context.Context, r core.Request) (core.Result, error) {
		switch act {
		case 0:
			panic("x")
		case 1:
			if mayExit {
				runtime.Goexit()
			}
		case 2:
			return core.Result{}, errBoom
		case 3, 4, 5:
			return g.Do(ctx, request(strconv.Itoa(rand.N(8))), after(delay, nil))
		}
		return after(delay, nil)(ctx, r)
	}
}

// The path of a miss by a caller that cannot give up is the cheapest: the flight
// itself is all that is allocated.
func TestDo_AllocatesOneObjectForACallerThatCannotGiveUp(t *testing.T) {
	g := NewGroup(core.NewMonotonic(nil), Limits{}, nil)
	r := request("k")
	next := func(context.Context, core.Request) (core.Result, error) { return value, nil }
	if n := testing.AllocsPerRun(1000, func() { _, _ = g.Do(context.Background(), r, next) }); n > 1 {
		t.Errorf("%v allocations, want 1", n)
	}
}

func BenchmarkDo(b *testing.B) {
	next := func(context.Context, core.Request) (core.Result, error) { return value, nil }
	for name, ctx := range map[string]context.Context{"inline": context.Background(), "goroutine": b.Context()} {
		b.Run(name, func(b *testing.B) {
			g := NewGroup(core.NewMonotonic(nil), Limits{}, nil)
			r := request("k")
			b.ReportAllocs()
			for b.Loop() {
				_, _ = g.Do(ctx, r, next)
			}
		})
	}
}

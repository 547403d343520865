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

var (
	errBoom = errors.New("boom")
	value   = core.Result{Entry: core.Live(1, core.Meta{}), Level: core.LevelFactory}
)

// bubble runs test in virtual time with a group, of which nothing may be left at
// the end.
func bubble(t *testing.T, limits Limits, test func(t *testing.T, g *Group)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := NewGroup(core.NewMonotonic(nil), limits, nil)
		test(t, g)
		synctest.Wait()
		checkEmpty(t, g)
	})
}

func checkEmpty(t *testing.T, g *Group) {
	t.Helper()
	gone := 0
	for i := range g.shards {
		gone += len(g.shards[i].gone)
	}
	if g.Len() != 0 || gone != 0 || g.turns.running != 0 || waiting(g) != 0 || g.orphans.Load() != 0 || len(g.nesting.waits) != 0 {
		t.Errorf("left: %d flights, %d retired ones, %d run, %d wait, orphans %d, %d in the graph",
			g.Len(), gone, g.turns.running, waiting(g), g.orphans.Load(), len(g.nesting.waits))
	}
}

func request(key string) core.Request {
	return core.Request{Key: key, Options: &core.EntryOptions{}}
}

// cancelling is request for callers that end the flight when all have left.
func cancelling(key string) core.Request {
	return core.Request{Key: key, Options: &core.EntryOptions{CancelOnTimeout: true}}
}

// after returns a handler that takes d, heeds its context and then gives value or
// err.
func after(d time.Duration, err error) core.Handler {
	return func(ctx context.Context, _ core.Request) (core.Result, error) {
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return core.Result{}, context.Cause(ctx)
		}
		if err != nil {
			return core.Result{}, err
		}
		return value, nil
	}
}

// deaf returns a handler that takes d whatever becomes of its context.
func deaf(d time.Duration) core.Handler {
	return func(context.Context, core.Request) (core.Result, error) {
		time.Sleep(d)
		return value, nil
	}
}

// answer is what a caller got, and when, counted from the start of call.
type answer struct {
	core.Result
	err  error
	took time.Duration
}

// call starts a caller; the returned function waits for its answer.
func call(ctx context.Context, g *Group, r core.Request, next core.Handler) func() answer {
	var a answer
	var wg sync.WaitGroup
	start := time.Now()
	wg.Go(func() {
		a.Result, a.err = g.Do(ctx, r, next)
		a.took = time.Since(start)
	})
	return func() answer { wg.Wait(); return a }
}

func (a answer) check(t *testing.T, want error, took time.Duration) {
	t.Helper()
	if !errors.Is(a.err, want) || (want == nil) != (a.err == nil) {
		t.Errorf("got error %v, want %v", a.err, want)
	}
	if want == nil && a.Result != value {
		t.Errorf("got %v, want %v", a.Result, value)
	}
	if a.took != took {
		t.Errorf("took %v, want %v", a.took, took)
	}
}

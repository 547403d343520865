// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSeed_CM9_CloseFlushesUnsubscribesAndEndsAllGoroutines(t *testing.T) {
	w := startRedis(t)
	layer, bus := w.open(t, w.addr(), "app")
	_, _, _ = layer.Get(t.Context(), "warm") // a connection
	base := runtime.NumGoroutine()

	a := &node{}
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name: "app", Memory: memory(true), Distributed: layer, Backplane: bus, Serializer: serializer(),
		Defaults: core.EntryOptions{TTL: time.Minute, BackgroundWrites: true}, Plugins: []core.Plugin{a},
	}))
	c := hybrid.Must(hybrid.Of[int](stack, "v"))
	soon(t, patience, "a subscription", func() bool { return a.count(core.Joined) > 0 })
	const writes = 200
	for i := range writes {
		if _, err := c.Set(t.Context(), fmt.Sprint("k", i), i); err != nil {
			t.Fatal(err)
		}
	}
	if err := stack.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	for i := range writes {
		if _, ok := w.bytes(t, "app", fmt.Sprint("k", i)); !ok {
			t.Errorf("Redis does not have k%d, which was written in the background", i)
		}
	}
	channel := hybrid.Channel("app")
	soon(t, time.Second, "the subscription to end", func() bool {
		return w.Client().PubSubNumSub(t.Context(), channel).Val()[channel] == 0
	})
	if !settled(base + 2) { // the pool may have more connections, but no goroutines
		t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), base)
	}
	wantClosed(t, stack, c)
}

func wantClosed(t *testing.T, stack *hybrid.Stack, c *hybrid.Cache[int]) {
	t.Helper()
	ctx := t.Context()
	_, _, err1 := c.Get(ctx, "k0")
	_, err2 := c.GetOrSet(ctx, "k0", gives(1).load)
	_, err3 := c.Set(ctx, "k0", 1)
	_, err4 := c.Remove(ctx, "k0")
	_, err5 := c.Expire(ctx, "k0")
	_, err6 := stack.Clear(ctx)
	for i, err := range []error{err1, err2, err3, err4, err5, err6} {
		if !errors.Is(err, core.ErrClosed) {
			t.Errorf("call %d after Close: %v, want ErrClosed", i+1, err)
		}
	}
	if err := stack.Close(ctx); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestSeed_CM9_CloseOfAHungServerEndsWithItsContext(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		within3(t, func() error {
			o := core.EntryOptions{TTL: time.Minute, BackgroundWrites: true, DistributedTimeout: time.Minute}
			a := start(t, w, setting{Options: hybrid.Options{Defaults: o}})
			a.set(t, "warm", 1)
			a.net.Hang()
			for i := range 20 {
				a.set(t, fmt.Sprint("k", i), i)
			}
			const limit = 300 * time.Millisecond
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			var err error
			took := timed(func() { err = a.stack.Close(ctx) })
			a.net.Restore()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("close: %v, want the end of its context", err)
			}
			if took > limit+200*time.Millisecond {
				return tooSlow("Close", took, limit)
			}
			if !closesEverything(a) {
				t.Error("goroutines go on after Close")
			}
			return nil
		})
	})
}

// closesEverything waits until a second Close, which waits for the first, is
// back: what the first has left behind ends on its own.
func closesEverything(n *node) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = n.stack.Close(ctx)
	return ctx.Err() == nil
}

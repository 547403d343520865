// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestLaunch_StartsAFlightThatOthersCanJoin(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		var ended atomic.Int64
		g.onEnd = func(*Call) { ended.Add(1) }
		if !g.Launch(t.Context(), request("k"), after(3*time.Second, nil)) {
			t.Fatal("it was not started")
		}
		if g.Launch(t.Context(), request("k"), after(0, nil)) {
			t.Error("a second flight of the key was started")
		}
		time.Sleep(time.Second)
		joined := call(t.Context(), g, request("k"), after(time.Hour, nil))
		joined().check(t, nil, 2*time.Second)
		g.Launch(t.Context(), request("other"), after(time.Second, errBoom))
		time.Sleep(2 * time.Second)
		if n := ended.Load(); n != 1 { // the one that was joined is no orphan
			t.Errorf("%d flights ended with nobody", n)
		}
	})
}

func TestLaunch_OutlivesItsCallerAndKeepsItsValues(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		type key struct{}
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, 7))
		var seen atomic.Value
		g.Launch(ctx, request("k"), func(ctx context.Context, r core.Request) (core.Result, error) {
			time.Sleep(time.Second)
			seen.Store(ctx.Value(key{}))
			return value, ctx.Err()
		})
		cancel()
		time.Sleep(2 * time.Second)
		if seen.Load() != 7 {
			t.Errorf("the handler saw %v", seen.Load())
		}
	})
}

func TestLaunch_IsRefusedBeyondTheLimitAndAfterClose(t *testing.T) {
	bubble(t, Limits{Running: 1}, func(t *testing.T, g *Group) {
		g.Launch(t.Context(), request("a"), after(time.Hour, nil))
		if g.Launch(t.Context(), request("b"), after(0, nil)) {
			t.Error("more than allowed")
		}
		synctest.Wait()
		start := time.Now()
		if err := g.Close(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("close took %v, %v: it must cancel what nobody waits for", time.Since(start), err)
		}
		if g.Launch(t.Context(), request("a"), after(0, nil)) {
			t.Error("started after Close")
		}
	})
}

func TestLaunch_ARevokedFlightMayNotStore(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		var valid atomic.Bool
		g.Launch(t.Context(), request("k"), func(_ context.Context, r core.Request) (core.Result, error) {
			time.Sleep(time.Second)
			valid.Store(r.Token.Valid())
			return value, nil
		})
		g.Revoke("k")
		time.Sleep(2 * time.Second)
		if valid.Load() {
			t.Error("its token is still valid")
		}
	})
}

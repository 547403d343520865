// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func Example_seed_EX1_basic() {
	memory := hybrid.Must(ottermem.New(nil))
	stack := hybrid.Must(hybrid.New(hybrid.Options{Memory: memory}))
	defer stack.Close(context.Background())
	greetings := hybrid.Must(hybrid.Of[string](stack, "greeting"))

	greet := func(_ context.Context, key string) (string, error) {
		fmt.Println("asked for", key)
		return "hello, " + key, nil
	}
	for range 2 {
		v, err := greetings.GetOrSet(context.Background(), "gopher", greet)
		fmt.Println(v, err)
	}
	// Output:
	// asked for gopher
	// hello, gopher <nil>
	// hello, gopher <nil>
}

// second is short, for scenarios that tell the time in them.
const second = time.Second

func TestSeed_EX3_FailSafeWithTimeoutsAndBackground(t *testing.T) {
	for _, withServer := range []bool{false, true} {
		t.Run(fmt.Sprintf("server %v", withServer), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := hybrid.Options{Defaults: core.EntryOptions{
					TTL: 60 * second, StaleTTL: 300 * second, Throttle: 60 * second, MaxCycles: 3,
					SoftTimeout: second, HardTimeout: 5 * second,
				}}
				if withServer {
					o.Distributed = newServer(t)
				}
				c := open[int](t, o)
				warmKey(t, c)
				coldKeys(t, c)
			})
		})
	}
}

// warmKey follows one key through a slow refresh, an outage and its end.
func warmKey(t *testing.T, c *hybrid.Cache[int]) {
	t.Helper()
	start := time.Now()
	expectAsk(t, c, &F[int]{results: []func() (int, error){returns(1)}}, 1, 1)

	at(start, 61*second)
	slow := &F[int]{delay: 3 * second, results: []func() (int, error){returns(2)}}
	took(t, second, func() { expectAsk(t, c, slow, 1, 1) })
	at(start, 64*second)
	synctest.Wait()
	expectHit(t, c, 2)

	down := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
	for window, after := range []time.Duration{125, 186, 247} {
		at(start, after*second)
		expectAsk(t, c, down, 2, int64(window)+1)
		expectAsk(t, c, down, 2, int64(window)+1)
	}
	at(start, 308*second)
	expectFailure(t, c, down, errBoom)
	at(start, 309*second)
	expectAsk(t, c, &F[int]{results: []func() (int, error){returns(3)}}, 3, 1)
	expectHit(t, c, 3)
}

// coldKeys asks for keys that have no stale value.
func coldKeys(t *testing.T, c *hybrid.Cache[int]) {
	t.Helper()
	load := func(key string, f *F[int]) (v int, err error) {
		return c.GetOrSet(t.Context(), key, f.load)
	}
	took(t, 4*second, func() {
		if v, err := load("four", &F[int]{delay: 4 * second, results: []func() (int, error){returns(4)}}); v != 4 || err != nil {
			t.Errorf("got %v, %v", v, err)
		}
	})
	start := time.Now()
	took(t, 5*second, func() {
		_, err := load("six", &F[int]{delay: 6 * second, results: []func() (int, error){returns(6)}})
		if !is(core.ErrFactoryTimeout)(err) {
			t.Errorf("got %v", err)
		}
	})
	at(start, 6*second)
	synctest.Wait()
	if v, ok, err := c.Get(t.Context(), "six"); v != 6 || !ok || err != nil {
		t.Errorf("got %v, %v, %v", v, ok, err)
	}
}

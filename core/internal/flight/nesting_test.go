// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// asking returns a handler that takes d and then asks for key, loaded by next.
func asking(g *Group, d time.Duration, key string, next core.Handler) core.Handler {
	return func(ctx context.Context, _ core.Request) (core.Result, error) {
		time.Sleep(d)
		return g.Do(ctx, request(key), next)
	}
}

// callers are the two kinds of them: one whose flights run on goroutines of their
// own, and one that runs them itself.
func callers(t *testing.T) map[string]context.Context {
	return map[string]context.Context{"can give up": t.Context(), "cannot": context.Background()}
}

func TestNesting_LoadOfOneselfIsAnError(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		for name, ctx := range callers(t) {
			call(ctx, g, request("a"), asking(g, 0, "a", after(0, nil)))().check(t, core.ErrRecursiveLoad, 0)
			deep := asking(g, 0, "b", asking(g, 0, "c", asking(g, 0, "a", after(0, nil))))
			call(ctx, g, request("a"), deep)().check(t, core.ErrRecursiveLoad, 0)
			if t.Failed() {
				t.Fatal(name)
			}
		}
	})
}

func TestNesting_OtherKeysAndOtherGroupsAreNoRecursion(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		other := NewGroup(core.NewMonotonic(nil), Limits{}, nil)
		for _, ctx := range callers(t) {
			call(ctx, g, request("a"), asking(g, 0, "b", after(0, nil)))().check(t, nil, 0)
			call(ctx, g, request("a"), asking(other, 0, "a", after(0, nil)))().check(t, nil, 0)
			call(ctx, g, request("a"), asking(other, 0, "b", asking(g, 0, "a", after(0, nil))))().check(t, core.ErrRecursiveLoad, 0)
		}
		checkEmpty(t, other)
	})
}

func TestNesting_ContextOfAnEndedFlightIsNoRecursion(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		for _, ctx := range callers(t) {
			var left context.Context
			keep := func(ctx context.Context, _ core.Request) (core.Result, error) {
				left = context.WithoutCancel(ctx)
				return value, nil
			}
			call(ctx, g, request("a"), keep)().check(t, nil, 0)
			call(left, g, request("a"), after(0, nil))().check(t, nil, 0)
			call(left, g, request("a"), asking(g, 0, "a", after(0, nil)))().check(t, core.ErrRecursiveLoad, 0)
		}
	})
}

func TestNesting_CirclesOfFlightsEnd(t *testing.T) {
	for name := range callers(t) {
		t.Run(name, func(t *testing.T) {
			bubble(t, Limits{}, func(t *testing.T, g *Group) {
				ctx := callers(t)[name]
				// Each of the three is under way when it asks for the next.
				a := call(ctx, g, request("a"), asking(g, time.Second, "b", after(0, nil)))
				b := call(ctx, g, request("b"), asking(g, 2*time.Second, "c", after(0, nil)))
				c := call(ctx, g, request("c"), asking(g, 3*time.Second, "a", after(0, nil)))
				for _, wait := range []func() answer{a, b, c} {
					wait().check(t, nil, 3*time.Second)
				}
			})
		})
	}
}

func TestNesting_FlightThatBreaksACircleMayNotStore(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		var alone *core.Token
		kept := func(_ context.Context, r core.Request) (core.Result, error) {
			alone = r.Token
			return value, nil
		}
		a := call(t.Context(), g, request("a"), asking(g, time.Second, "b", after(0, nil)))
		b := call(t.Context(), g, request("b"), asking(g, 2*time.Second, "a", kept))
		a().check(t, nil, 2*time.Second)
		b().check(t, nil, 2*time.Second)
		if alone == nil || alone.Valid() {
			t.Errorf("token %v, want a revoked one: the first flight of the key is still under way", alone)
		}
	})
}

func TestNesting_WaiterThatHasLeftIsInNoCircle(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		impatient := func(ctx context.Context, _ core.Request) (core.Result, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			_, err := g.Do(ctx, request("b"), after(0, errBoom))
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			time.Sleep(4 * time.Second)
			return value, nil
		}
		b := call(t.Context(), g, request("b"), asking(g, 3*time.Second, "a", after(0, errBoom)))
		synctest.Wait()
		a := call(t.Context(), g, request("a"), impatient)
		a().check(t, nil, 5*time.Second)
		b().check(t, nil, 5*time.Second) // it waited for a, and started no flight of its own
	})
}

func TestNesting_OneOfTwoWaitersLeaves(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		b := call(t.Context(), g, request("b"), asking(g, 3*time.Second, "a", after(0, nil)))
		synctest.Wait()
		twice := func(ctx context.Context, _ core.Request) (core.Result, error) {
			short, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			go func() { _, _ = g.Do(short, request("b"), after(0, errBoom)) }()
			return g.Do(ctx, request("b"), after(0, errBoom))
		}
		a := call(t.Context(), g, request("a"), twice)
		// b must not wait for a, part of which still waits for b.
		a().check(t, nil, 3*time.Second)
		b().check(t, nil, 3*time.Second)
	})
}

// Flights that wait for several others, each of which waits for several, have
// more paths between them than can be walked.
func TestNesting_SearchIsNotExponential(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		const layers = 40
		key := func(layer, i int) string { return fmt.Sprint(layer, "/", i) }
		both := func(layer int) core.Handler {
			return func(ctx context.Context, _ core.Request) (core.Result, error) {
				var asked sync.WaitGroup
				for i := range 2 {
					asked.Go(func() {
						if _, err := g.Do(ctx, request(key(layer, i)), after(time.Hour, nil)); err != nil {
							t.Error(err)
						}
					})
				}
				asked.Wait()
				return value, nil
			}
		}
		var all []func() answer
		for layer := range layers {
			next := after(time.Hour, nil)
			if layer > 0 {
				next = both(layer - 1)
			}
			for i := range 2 {
				all = append(all, call(t.Context(), g, request(key(layer, i)), next))
			}
			synctest.Wait()
		}
		for _, wait := range all {
			wait().check(t, nil, time.Hour)
		}
	})
}

func TestNesting_RandomPairsFinish(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		const keys, pairs = 50, 5000
		var all sync.WaitGroup
		for range pairs {
			a := rand.N(keys)
			b := (a + 1 + rand.N(keys-1)) % keys
			start, delay := rand.N(time.Second), rand.N(10*time.Millisecond)
			all.Go(func() {
				time.Sleep(start)
				next := asking(g, delay, fmt.Sprint(b), after(delay, nil))
				if res, err := g.Do(t.Context(), request(fmt.Sprint(a)), next); err != nil || res != value {
					t.Errorf("%d asks for %d: %v, %v", a, b, res, err)
				}
			})
		}
		all.Wait()
	})
}

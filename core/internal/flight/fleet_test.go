// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func requests(keys string) (rs []core.Request) {
	for _, key := range strings.Fields(keys) {
		rs = append(rs, request(key))
	}
	return rs
}

// prepared returns a preparation that takes d and notes the keys.
func prepared(d time.Duration, keys *[]string, handle core.Handler) Prepare {
	return func(ctx context.Context, rs []core.Request) func(int) (core.Result, error) {
		for _, r := range rs {
			*keys = append(*keys, r.Key)
		}
		time.Sleep(d)
		return func(i int) (core.Result, error) { return handle(ctx, rs[i]) }
	}
}

func checkPrepared(t *testing.T, got []string, want string) {
	t.Helper()
	if strings.Join(got, " ") != want {
		t.Errorf("prepared %v, want %s", got, want)
	}
}

func TestTogether_JoinsWhatIsUnderWayAndPreparesTheRestAtOnce(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		first := call(t.Context(), g, request("b"), after(3*time.Second, nil))
		synctest.Wait()
		var keys []string
		start := time.Now()
		f := g.Together(t.Context(), requests("a b c"), true, prepared(time.Second, &keys, after(0, nil)))
		synctest.Wait()
		joins := call(t.Context(), g, request("c"), after(time.Hour, nil))
		for i, want := range []time.Duration{time.Second, 3 * time.Second, 3 * time.Second} {
			if res, err := f.Wait(t.Context(), i); res != value || err != nil || time.Since(start) != want {
				t.Errorf("%d: %v, %v after %v", i, res, err, time.Since(start))
			}
		}
		checkPrepared(t, keys, "a c")
		first().check(t, nil, 3*time.Second)
		joins().check(t, nil, time.Second)
	})
}

func TestTogether_APanicForOneIsNoOthers(t *testing.T) {
	for name, crash := range map[string]func(){"panic": func() { panic("x") }, "goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Limits{}, func(t *testing.T, g *Group) {
				var keys []string
				f := g.Together(t.Context(), requests("a b c"), true, prepared(0, &keys, func(ctx context.Context, r core.Request) (core.Result, error) {
					if r.Key == "b" {
						crash()
					}
					return value, nil
				}))
				_, a := f.Wait(t.Context(), 0)
				_, b := f.Wait(t.Context(), 1)
				_, c := f.Wait(t.Context(), 2)
				_, crashed := errors.AsType[*core.PanicError](b)
				if a != nil || !crashed || c != nil && name == "panic" {
					t.Errorf("%v, %v, %v", a, b, c)
				}
			})
		})
	}
}

func TestTogether_APanicOfThePreparationIsForAll(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		f := g.Together(t.Context(), requests("a b"), true, func(context.Context, []core.Request) func(int) (core.Result, error) { panic("x") })
		for i := range 2 {
			_, err := f.Wait(t.Context(), i)
			if p, ok := errors.AsType[*core.PanicError](err); !ok || p.Value != "x" {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
}

// The work ends when the last flight of it is given up, and not earlier.
func TestTogether_IsCancelledWhenNobodyWaitsForAnyOfIt(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		rs := []core.Request{cancelling("a"), cancelling("b")}
		var ended time.Duration
		start := time.Now()
		f := g.Together(within(t, time.Second, errBoom), rs, true, func(ctx context.Context, _ []core.Request) func(int) (core.Result, error) {
			<-ctx.Done()
			ended = time.Since(start)
			return func(int) (core.Result, error) { return value, nil }
		})
		synctest.Wait()
		other := call(within(t, 5*time.Second, errBoom), g, cancelling("b"), after(0, nil))
		for i := range rs {
			if _, err := f.Wait(within(t, time.Second, errBoom), i); !errors.Is(err, errBoom) {
				t.Errorf("%d: %v", i, err)
			}
		}
		other().check(t, errBoom, 5*time.Second)
		synctest.Wait()
		if ended != 5*time.Second {
			t.Errorf("cancelled after %v", ended)
		}
	})
}

func TestTogether_RefusesAfterCloseAndItsOwnKeys(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		var keys []string
		inner := func(ctx context.Context, _ core.Request) (core.Result, error) {
			f := g.Together(ctx, requests("a b"), true, prepared(0, &keys, after(0, nil)))
			_, own := f.Wait(ctx, 0)
			_, other := f.Wait(ctx, 1)
			if !errors.Is(own, core.ErrRecursiveLoad) || other != nil {
				t.Errorf("own key: %v, another: %v", own, other)
			}
			return value, nil
		}
		call(t.Context(), g, request("a"), inner)().check(t, nil, 0)
		checkPrepared(t, keys, "b")
		_ = g.Close(t.Context())
		if _, err := g.Together(t.Context(), requests("a"), true, prepared(0, &keys, after(0, nil))).Wait(t.Context(), 0); !errors.Is(err, core.ErrClosed) {
			t.Errorf("after close: %v", err)
		}
	})
}

// What nobody can give up needs no goroutine of its own; what somebody may leave has one.
func TestTogether_IsDoneAtOnceOnlyIfNobodyCanLeave(t *testing.T) {
	for _, c := range []struct {
		name   string
		ctx    func(t *testing.T) context.Context
		atOnce bool
		want   time.Duration
	}{
		{"endless", func(*testing.T) context.Context { return context.Background() }, true, time.Second},
		{"endless, with less patience", func(*testing.T) context.Context { return context.Background() }, false, 0},
		{"may end", func(t *testing.T) context.Context { return t.Context() }, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, Limits{}, func(t *testing.T, g *Group) {
				var keys []string
				var during context.Context
				start := time.Now()
				f := g.Together(c.ctx(t), requests("a b"), c.atOnce, prepared(time.Second, &keys, func(ctx context.Context, _ core.Request) (core.Result, error) {
					during = ctx
					return value, ctx.Err()
				}))
				if took := time.Since(start); took != c.want {
					t.Errorf("returned after %v, want %v", took, c.want)
				}
				for i := range 2 {
					if res, err := f.Wait(t.Context(), i); res != value || err != nil {
						t.Errorf("%d: %v, %v", i, res, err)
					}
				}
				if g.Len() != 0 || during.Err() == nil {
					t.Errorf("%d flights left, context: %v", g.Len(), during.Err())
				}
			})
		})
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// crash is a handler that ends in one of the ways that are not a return.
func crash(how func()) core.Handler {
	return func(context.Context, core.Request) (core.Result, error) {
		time.Sleep(time.Second)
		how()
		return value, nil
	}
}

func TestCrash_GivesEveryCallerThePanic(t *testing.T) {
	for name, test := range map[string]struct {
		how  func()
		want any
	}{
		"panic":     {func() { panic("x") }, "x"},
		"error":     {func() { panic(errBoom) }, errBoom},
		"nil panic": {func() { panic(nil) }, nil}, //nolint:govet // on purpose
		"goexit":    {runtime.Goexit, core.ErrGoexit},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Limits{}, func(t *testing.T, g *Group) {
				var got []func() answer
				for range 10 {
					got = append(got, call(t.Context(), g, request("k"), crash(test.how)))
				}
				for _, a := range got {
					p, ok := errors.AsType[*core.PanicError](a().err)
					if !ok {
						t.Fatalf("got %v, want a *core.PanicError", a().err)
					}
					if test.want != nil && p.Value != test.want {
						t.Errorf("value %v, want %v", p.Value, test.want)
					}
					if !strings.Contains(string(p.Stack), "crash") {
						t.Errorf("the stack does not show where: %s", p.Stack)
					}
				}
				call(t.Context(), g, request("k"), after(0, nil))().check(t, nil, 0)
			})
		})
	}
}

func TestCrash_OnTheCallersGoroutineIsAnErrorToo(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		leader := call(context.Background(), g, request("k"), crash(func() { panic("x") }))
		synctest.Wait()
		waiter := call(t.Context(), g, request("k"), after(0, nil))
		for _, a := range []answer{leader(), waiter()} {
			if p, ok := errors.AsType[*core.PanicError](a.err); !ok || p.Value != "x" {
				t.Errorf("got %v", a.err)
			}
		}
	})
}

// A caller that runs the handler itself ends with it, as its own code asked for;
// those who joined get an error.
func TestCrash_GoexitOnTheCallersGoroutineEndsThatCallerOnly(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		returned := false
		var leader sync.WaitGroup
		leader.Go(func() {
			_, _ = g.Do(context.Background(), request("k"), crash(runtime.Goexit))
			returned = true
		})
		synctest.Wait()
		waiter := call(t.Context(), g, request("k"), after(0, nil))()
		leader.Wait()
		if !errors.Is(waiter.err, core.ErrGoexit) || returned {
			t.Errorf("waiter got %v, leader returned: %v", waiter.err, returned)
		}
		call(context.Background(), g, request("k"), after(0, nil))().check(t, nil, 0)
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// lookup is a factory in the form of an interface.
type lookup struct{ from map[string]string }

// Load implements hybrid.Loader.
func (l lookup) Load(_ context.Context, key string) (string, error) { return l.from[key], nil }

func TestSeed_FA1_FactoryIsAFunctionOrAnInterfaceAndGetsTheCallersKey(t *testing.T) {
	c := open[string](t, hybrid.Options{Distributed: newServer(t)})
	ctx := t.Context()

	v, err := c.GetOrSet(ctx, "a:b", func(_ context.Context, key string) (string, error) { return "made of " + key, nil })
	if v != "made of a:b" || err != nil {
		t.Errorf("function: got %q, %v", v, err)
	}
	v, err = c.GetOrLoad(ctx, "country", lookup{map[string]string{"country": "Chile"}})
	if v != "Chile" || err != nil {
		t.Errorf("interface: got %q, %v", v, err)
	}
	byNumber := hybrid.NewKeyed(c, hybrid.IntKey[int])
	v, err = byNumber.GetOrSet(ctx, 42, func(_ context.Context, key int) (string, error) { return fmt.Sprint(key + 1), nil })
	if v != "43" || err != nil {
		t.Errorf("typed key: got %q, %v", v, err)
	}
}

// notFound is an error of a data source, with a type and a cause of its own.
type notFound struct{ table string }

func (e *notFound) Error() string { return "no row in " + e.table }

func TestSeed_FA2_FactorysErrorKeepsItsTypeAndCause(t *testing.T) {
	c := open[int](t, hybrid.Options{})
	f := &F[int]{results: []func() (int, error){fails[int](fmt.Errorf("query: %w", errors.Join(&notFound{"users"}, errBoom)))}}
	_, err := c.GetOrSet(t.Context(), "k", f.load)
	missing, ok := errors.AsType[*notFound](err)
	if !ok || missing.table != "users" || !errors.Is(err, errBoom) {
		t.Errorf("got %#v", err)
	}
	if _, ok := errors.AsType[*core.FactoryError](err); !ok {
		t.Errorf("got %v, want a *core.FactoryError", err)
	}
	whole, ok := errors.AsType[*core.Error](err)
	if !ok || whole.Op != core.OpGetOrSet || whole.Key != "k" {
		t.Errorf("got %#v, want a *core.Error with the operation and the key", err)
	}
}

type traceKey struct{}

// traced is a factory that notes what its context says.
type traced struct {
	mu     sync.Mutex
	traces []any
	ended  []error
	delay  time.Duration
}

func (f *traced) load(ctx context.Context, _ string) (int, error) {
	time.Sleep(f.delay)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.traces = append(f.traces, ctx.Value(traceKey{}))
	f.ended = append(f.ended, ctx.Err())
	return 1, nil
}

func (f *traced) check(t *testing.T, trace any) {
	t.Helper()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.traces) != 1 || f.traces[0] != trace || f.ended[0] != nil {
		t.Errorf("the factory saw the values %v and the ends %v; want %v once, and no end", f.traces, f.ended, trace)
	}
}

func TestSeed_FA3_FactorySeesItsCallersValuesButNotItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, SoftTimeout: time.Second}})
		first, cancel := context.WithCancel(context.WithValue(t.Context(), traceKey{}, "first"))
		second := context.WithValue(t.Context(), traceKey{}, "second")

		coalesced := &traced{delay: 3 * time.Second}
		var leader sync.WaitGroup
		leader.Go(func() {
			if _, err := c.GetOrSet(first, "k", coalesced.load); !errors.Is(err, context.Canceled) {
				t.Errorf("first caller: got %v", err)
			}
		})
		synctest.Wait()
		time.AfterFunc(time.Second, cancel)
		if v, err := c.GetOrSet(second, "k", coalesced.load); v != 1 || err != nil {
			t.Errorf("second caller: got %d, %v", v, err)
		}
		leader.Wait()
		coalesced.check(t, "first")

		time.Sleep(time.Minute)
		background := &traced{delay: 3 * time.Second}
		if v, err := c.GetOrSet(second, "k", background.load); v != 1 || err != nil {
			t.Errorf("impatient caller: got %d, %v", v, err)
		}
		time.Sleep(3 * time.Second)
		background.check(t, "second")

		own := &traced{}
		_, _ = c.GetOrSet(context.WithValue(context.Background(), traceKey{}, "own"), "other", own.load)
		own.check(t, "own")
	})
}

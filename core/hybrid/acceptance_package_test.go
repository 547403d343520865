// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSeed_PK1_LevelsAreAskedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		a, b := open[int](t, net.join(core.EntryOptions{})), open[int](t, net.join(core.EntryOptions{}))
		synctest.Wait()
		set(t, a, 1)
		synctest.Wait() // b has heard of it
		f := &F[int]{results: []func() (int, error){returns(2)}}
		gets := net.gets.Load()
		expectAsk(t, b, f, 1, 0)
		expectCount(t, "reads of the server", &net.gets, gets+1)
		expectAsk(t, b, f, 1, 0)
		expectCount(t, "reads of the server", &net.gets, gets+1)
	})
}

func TestSeed_PK1_MemoryAloneIsACacheToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := hybrid.New(hybrid.Options{Memory: new(mapMemory)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(t.Context())
		c := hybrid.Must(hybrid.Of[int](s, "v"))
		f := &F[int]{results: []func() (int, error){returns(1), fails[int](errBoom), returns(3)}}
		expectAsk(t, c, f, 1, 1, core.TTL(time.Minute), core.FailSafe(time.Hour))
		expectHit(t, c, 1)
		time.Sleep(time.Hour / 2)
		expectAsk(t, c, f, 1, 2, core.TTL(time.Minute), core.FailSafe(time.Hour))
		if outcome, err := c.Remove(t.Context(), "k"); outcome != core.Committed || err != nil {
			t.Errorf("Remove: %v, %v", outcome, err)
		}
		expectAsk(t, c, f, 3, 3)
		if h := s.Health(t.Context()); h != (hybrid.Health{}) {
			t.Errorf("health: %+v", h)
		}
	})
}

func TestSeed_PK4_OneCacheServesManyGoroutines(t *testing.T) {
	c := open[string](t, hybrid.Options{Defaults: core.EntryOptions{
		TTL: time.Millisecond, StaleTTL: time.Second, Throttle: time.Millisecond,
	}})
	const operations, goroutines, keys = 1_000_000, 64, 1000
	var done atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for done.Add(1) <= operations {
				if err := mixed(c, fmt.Sprint("key-", rand.IntN(keys))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// mixed does one operation and checks that what it got was written for its key.
func mixed(c *hybrid.Cache[string], key string) error {
	ctx := context.Background()
	var v string
	var err error
	ok := true
	switch rand.IntN(10) {
	case 0:
		_, err = c.Set(ctx, key, key+"/set")
		ok = false
	case 1:
		_, err = c.Remove(ctx, key)
		ok = false
	case 2:
		_, err = c.Expire(ctx, key)
		ok = false
	case 3, 4, 5:
		v, ok, err = c.Get(ctx, key, core.AllowStale(true))
	case 6:
		v, err = c.GetOrSet(ctx, key, func(context.Context, string) (string, error) { return "", errBoom })
	default:
		v, err = c.GetOrSet(ctx, key, func(_ context.Context, key string) (string, error) { return key + "/made", nil })
	}
	if errors.Is(err, errBoom) {
		return nil // of this operation, or of another that it waited with
	}
	if ok && err == nil && !strings.HasPrefix(v, key+"/") {
		return fmt.Errorf("%q has the value %q", key, v)
	}
	return err
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// wild is a factory that does anything.
func wild(ctx context.Context, key string) (string, error) {
	_ = pause(ctx, rand.N(200*time.Millisecond), rand.IntN(4) == 0)
	switch rand.IntN(6) {
	case 0:
		return "", errBoom
	case 1:
		panic("x")
	case 2:
		runtime.Goexit()
	case 3:
		if err := ctx.Err(); err != nil {
			return "", err
		}
	}
	return "value of " + key, nil
}

// wildMany is wild for many keys, some of which it leaves out.
func wildMany(ctx context.Context, keys []string) (map[string]string, error) {
	if _, err := wild(ctx, ""); err != nil {
		return nil, err
	}
	out := make(map[string]string)
	for _, key := range keys[rand.IntN(len(keys)):] {
		out[key] = "value of " + key
	}
	return out, nil
}

// chaosOptions are the settings that make most trouble.
func chaosOptions() hybrid.Options {
	o := hybrid.Options{MaxFactories: 20, MaxAbandoned: 10}
	o.Defaults = core.EntryOptions{TTL: 50 * time.Millisecond, HardTimeout: 150 * time.Millisecond, CancelOnTimeout: rand.IntN(2) == 0}
	if rand.IntN(2) == 0 {
		o.Defaults.StaleTTL, o.Defaults.Throttle, o.Defaults.MaxCycles = time.Second, 100*time.Millisecond, 2
		o.Defaults.SoftTimeout = 50 * time.Millisecond
	}
	return o
}

// anything is one random operation. A goroutine of its own does it: some factories
// end theirs.
func anything(c *hybrid.Cache[string]) error {
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if rand.IntN(2) == 0 {
		ctx, cancel = context.WithTimeout(ctx, rand.N(300*time.Millisecond))
	}
	defer cancel()
	key := fmt.Sprint(rand.IntN(8))
	var v string
	var err error
	found := false
	switch rand.IntN(14) {
	case 0:
		_, err = c.Set(ctx, key, "value of "+key)
	case 1:
		_, err = c.Remove(ctx, key)
	case 2:
		_, err = c.Expire(ctx, key)
	case 3:
		v, found, err = c.Get(ctx, key, core.AllowStale(rand.IntN(2) == 0))
	case 4:
		v, err = c.GetOrSet(ctx, key, func(ctx context.Context, key string) (string, error) {
			_, _ = c.GetOrSet(ctx, fmt.Sprint(rand.IntN(8)), wild)
			return wild(ctx, key)
		})
		found = err == nil
	case 5:
		var many map[string]string
		many, err = c.GetOrSetMany(ctx, []string{key, "x" + key, "y"}, wildMany)
		v, found = many[key]
	case 6:
		_, err = c.Set(ctx, key, "value of "+key, core.Tags("tag"))
	case 7:
		_, err = c.Stack().RemoveByTag(ctx, "tag")
	case 8:
		if rand.IntN(4) == 0 {
			_, err = c.Stack().Clear(ctx)
		}
	default:
		v, err = c.GetOrSet(ctx, key, wild)
		found = err == nil
	}
	if found && v != "value of "+key {
		return fmt.Errorf("key %s has the value %q", key, v)
	}
	return err
}

// explained reports whether err is one that the mix can explain.
func explained(err error) bool {
	for _, known := range []error{
		errBoom, core.ErrClosed, core.ErrGoexit, core.ErrFactoryTimeout, core.ErrOverload, core.ErrRecursiveLoad, core.ErrNotFound,
		context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return as[*core.PanicError](err)
}

// That nobody hangs is proven by the end of the bubble: it fails if a goroutine
// waits for ever.
func TestSeed_ER2_NothingHangsAndEveryErrorIsExplained(t *testing.T) {
	for range rounds(300) { // of 2 s: ten minutes
		synctest.Test(t, func(t *testing.T) {
			o := chaosOptions()
			if rand.IntN(2) == 0 {
				net := newNetwork(t)
				shared := net.join(o.Defaults)
				o.Distributed, o.Backplane = shared.Distributed, shared.Backplane
				net.get.be(rand.N(30 * time.Millisecond))
				net.set.be(rand.N(30 * time.Millisecond))
				if rand.IntN(4) == 0 {
					net.get.be(hang)
					net.set.be(hang)
				}
			}
			o.Name, o.Memory, o.Serializer = "app", new(mapMemory), jsonSerializer{}
			s, err := hybrid.New(o)
			if err != nil {
				t.Fatal(err)
			}
			c := hybrid.Must(hybrid.Of[string](s, "v"))
			var callers sync.WaitGroup
			for range 300 {
				callers.Go(func() {
					time.Sleep(rand.N(2 * time.Second))
					if err := anything(c); err != nil && !explained(err) {
						t.Errorf("unexplained: %v", err)
					}
				})
			}
			time.Sleep(rand.N(2 * time.Second)) // so that it closes in the middle
			ctx, cancel := context.WithTimeout(t.Context(), rand.N(time.Second))
			defer cancel()
			if err := s.Close(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Close: %v", err)
			}
			callers.Wait()
			synctest.Wait()
			time.Sleep(time.Minute) // deaf factories end
			synctest.Wait()
			if n := s.Flights(); n != 0 {
				t.Errorf("%d flights are left", n)
			}
		})
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// operations are all that can be done with key "k", each returning its error.
func operations(c *hybrid.Cache[string]) map[core.Op]func(ctx context.Context, opts ...core.Option) error {
	return map[core.Op]func(ctx context.Context, opts ...core.Option) error{
		core.OpGet: func(ctx context.Context, opts ...core.Option) error {
			_, _, err := c.Get(ctx, "k", append(opts, core.Without(core.SkipMemoryRead))...)
			return err
		},
		core.OpGetOrSet: func(ctx context.Context, opts ...core.Option) error {
			_, err := c.GetOrSet(ctx, "k", func(context.Context, string) (string, error) { return canary, nil },
				append(opts, core.Without(core.SkipMemoryRead))...)
			return err
		},
		core.OpSet: func(ctx context.Context, opts ...core.Option) error {
			_, err := c.Set(ctx, "k", canary, opts...)
			return err
		},
		core.OpRemove: func(ctx context.Context, opts ...core.Option) error {
			_, err := c.Remove(ctx, "k", opts...)
			return err
		},
		core.OpExpire: func(ctx context.Context, opts ...core.Option) error {
			_, err := c.Expire(ctx, "k", opts...)
			return err
		},
	}
}

// canary is a value that no error may show.
const canary = "canary value"

func TestSeed_ER6_ErrorsOfLayersAreEventsUnlessAskedFor(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("server that only stores: %v", plain), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { layerErrors(t, plain) })
		})
	}
}

func layerErrors(t *testing.T, plain bool) {
	t.Helper()
	s := newServer(t)
	layer := core.DistributedLayer(s)
	if plain {
		layer = s.plain()
	}
	c := open[string](t, hybrid.Options{Distributed: layer})
	failures := watch(c, core.LayerFailed)
	s.down.Store(true)
	for op, call := range operations(c) {
		before := len(failures.all())
		if err := call(t.Context()); err != nil {
			t.Errorf("%v: %v was returned, though nobody asked", op, err)
		}
		seen := slices.ContainsFunc(failures.all()[before:], func(ev core.Event) bool {
			return ev.Key == "v:k" && ev.Level == core.LevelDistributed && ev.Op != 0 && errors.Is(ev.Err, errServer)
		})
		if !seen {
			t.Errorf("%v: no event among %+v", op, failures.all()[before:])
		}
		err := call(t.Context(), core.ReturnLayerErrors(true))
		if op == core.OpGetOrSet {
			if err != nil {
				t.Errorf("%v: %v instead of a value", op, err)
			}
			continue
		}
		e, ok := errors.AsType[*core.LayerError](err)
		if !ok || e.Level != core.LevelDistributed || e.Key != "v:k" || !errors.Is(e, errServer) {
			t.Errorf("%v: got %v", op, err)
		}
		if outer, ok := errors.AsType[*core.Error](err); !ok || outer.Op != op || outer.Key != "k" {
			t.Errorf("%v: got %v", op, err)
		}
	}
	s.down.Store(false)
	time.Sleep(time.Minute) // what failed is made good
}

func TestSeed_ER6_ErrorsOfTheBackplaneToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		channel := net.bus.Channel(hybrid.Channel("app"))
		o := net.join(core.EntryOptions{})
		o.Backplane = channel
		c := open[string](t, o)
		synctest.Wait()
		failures := watch(c, core.LayerFailed)
		channel.Disconnect()
		for _, op := range []core.Op{core.OpSet, core.OpRemove, core.OpExpire} {
			call := operations(c)[op]
			if err := call(t.Context()); err != nil {
				t.Errorf("%v: %v was returned, though nobody asked", op, err)
			}
			e, ok := errors.AsType[*core.LayerError](call(t.Context(), core.ReturnLayerErrors(true)))
			if !ok || e.Level != core.LevelBackplane || e.Op != core.OpPublish {
				t.Errorf("%v: got %v", op, e)
			}
		}
		if len(failures.all()) < 6 {
			t.Errorf("events: %+v", failures.all())
		}
		channel.Reconnect()
		time.Sleep(time.Minute)
	})
}

func TestSeed_ER7_ErrorsNameOperationAndKeyAndNoValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := open[string](t, hybrid.Options{Distributed: s})
		s.down.Store(true)
		check := func(op core.Op, err error) {
			t.Helper()
			if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("cache: %v %q: ", op, "k")) {
				t.Errorf("%v: %v", op, err)
			}
			if strings.Contains(fmt.Sprintf("%v %+v", err, err), canary) {
				t.Errorf("%v: shows the value: %v", op, err)
			}
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for op, call := range operations(c) {
			check(op, call(ended))
			check(op, call(t.Context(), core.TTL(-1)))
			if op != core.OpGetOrSet {
				check(op, call(t.Context(), core.ReturnLayerErrors(true)))
			}
		}
		for _, f := range []*F[string]{
			{results: []func() (string, error){fails[string](errBoom)}},
			{results: []func() (string, error){panics[string](canary)}},
			{delay: hang},
		} {
			_, err := c.GetOrSet(t.Context(), "k", f.load, core.HardTimeout(time.Second), core.Without(core.SkipMemoryRead))
			check(core.OpGetOrSet, err)
		}
		s.down.Store(false)
		time.Sleep(time.Minute)
	})
}

func TestSeed_ER8_EveryWaiterHasAnErrorOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		f := &F[int]{delay: time.Second, results: []func() (int, error){fails[int](errBoom)}}
		var mu sync.Mutex
		seen := map[*core.Error]bool{}
		crowd(1000, func(int) {
			_, err := c.GetOrSet(t.Context(), "k", f.load)
			own, ok := errors.AsType[*core.Error](err)
			if !ok || !as[*core.FactoryError](err) || !errors.Is(err, errBoom) || own.Key != "k" {
				t.Errorf("got %v", err)
				return
			}
			own.Key = "changed by one waiter"
			mu.Lock()
			defer mu.Unlock()
			seen[own] = true
		})
		if len(seen) != 1000 {
			t.Errorf("%d errors for 1000 waiters", len(seen))
		}
		expectCalls(t, f, 1)
	})
}

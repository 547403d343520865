// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// writes are the ways in which a value comes into a cache.
var writes = map[string]func(t *testing.T, c *hybrid.Cache[int], opts ...core.Option){
	"Set": func(t *testing.T, c *hybrid.Cache[int], opts ...core.Option) { set(t, c, 1, opts...) },
	"GetOrSet": func(t *testing.T, c *hybrid.Cache[int], opts ...core.Option) {
		expectAsk(t, c, &F[int]{results: []func() (int, error){returns(1)}}, 1, 1, opts...)
	},
	"GetOrRefresh": func(t *testing.T, c *hybrid.Cache[int], opts ...core.Option) {
		refresh(t, c, 1, func(*hybrid.Load[int]) (int, error) { return 1, nil }, opts...)
	},
	"GetOrLoad": func(t *testing.T, c *hybrid.Cache[int], opts ...core.Option) {
		if v, err := c.GetOrLoad(t.Context(), "k", one{}, opts...); v != 1 || err != nil {
			t.Errorf("got %v, %v", v, err)
		}
	},
	"SetMany": func(t *testing.T, c *hybrid.Cache[int], opts ...core.Option) {
		if _, err := c.SetMany(t.Context(), map[string]int{"k": 1, "other": 2}, opts...); err != nil {
			t.Error(err)
		}
	},
	"GetOrSetMany": func(t *testing.T, c *hybrid.Cache[int], opts ...core.Option) {
		load := func(context.Context, []string) (map[string]int, error) {
			return map[string]int{"k": 1, "other": 2}, nil
		}
		if _, err := c.GetOrSetMany(t.Context(), []string{"k", "other"}, load, opts...); err != nil {
			t.Error(err)
		}
	},
}

// one is a factory that gives 1.
type one struct{}

func (one) Load(context.Context, string) (int, error) { return 1, nil }

// unrelated are options that leave the life in memory alone.
var unrelated = map[string]core.Option{
	"nothing":            {},
	"SkipDistributed":    core.Without(core.SkipDistributed),
	"Jitter of nothing":  core.Jitter(0),
	"DistributedTTL":     core.DistributedTTL(time.Hour),
	"Throttle":           core.Throttle(time.Second),
	"SoftTimeout":        core.SoftTimeout(time.Second),
	"HardTimeout":        core.HardTimeout(time.Second),
	"LoadTimeout":        core.LoadTimeout(time.Second),
	"CancelOnTimeout":    core.CancelOnTimeout(true),
	"ErrorBackoff":       core.ErrorBackoff(time.Second),
	"ErrorBackoffMax":    core.ErrorBackoffMax(time.Minute),
	"DistributedTimeout": core.DistributedTimeouts(time.Millisecond, time.Minute),
	"ReturnLayerErrors":  core.ReturnLayerErrors(true),
	"AllowStale":         core.AllowStale(true),
	"Clone":              core.Clone(true),
	"BackgroundWrites":   core.BackgroundWrites(true),
	"Tags":               core.Tags("a"),
	"Size":               core.Size(3),
	"Priority":           core.WithPriority(core.LowPriority),
	"NotFoundTTL":        core.NotFoundTTL(time.Second, time.Second),
	"FailSafeDefault":    core.FailSafeDefault(7),
	"EagerRefresh":       core.EagerRefresh(0.9),
	"StaleIfError":       core.StaleIfError(time.Second),
	"IdleTTL":            core.IdleTTL(time.Hour),
	"EagerChance":        core.EagerChance(1),
	"RefreshWhenStale":   core.StaleWhileRevalidate(time.Second),
	"FailSafe":           core.FailSafe(time.Hour),
	"WithoutFailSafe":    core.WithoutFailSafe(),
	"MaxCycles":          core.MaxCycles(3),
	"NodeLock":           core.NodeLock(time.Second),
	"StrictHardTimeout":  core.StrictHardTimeout(true),
	"DistributedStale":   core.DistributedStaleTTL(time.Hour),
	"With":               core.With(core.SkipMemory),
}

// inherited are what every method is to inherit, and what some of unrelated need.
var inherited = core.EntryOptions{TTL: time.Minute, DistributedTTL: 30 * time.Second, StaleTTL: time.Hour, HardTimeout: time.Minute, ErrorBackoff: time.Millisecond}

// Only options that set the life in memory itself may be missing above, and Push, which
// is for a stack whose messages name keys.
func TestSeed_EO1_EveryOptionIsAmongTheUnrelated(t *testing.T) {
	related := map[string]bool{"TTL": true, "Jitter": true, "Push": true}
	base := reflect.ValueOf(core.Resolve(inherited, nil))
	for i := range base.NumField() {
		changed := related[base.Type().Field(i).Name]
		for _, option := range unrelated {
			o := reflect.ValueOf(core.Resolve(inherited, []core.Option{option}))
			changed = changed || !reflect.DeepEqual(o.Field(i).Interface(), base.Field(i).Interface())
		}
		if !changed {
			t.Errorf("%s is set by none", base.Type().Field(i).Name)
		}
	}
}

func TestSeed_EO1_EveryMethodInheritsWhatACallDoesNotSet(t *testing.T) {
	for method, write := range writes {
		for name, option := range unrelated {
			synctest.Test(t, func(t *testing.T) {
				c := open[int](t, hybrid.Options{Distributed: newServer(t), Locker: newSpyLocker(), Defaults: inherited})
				write(t, c, option)
				time.Sleep(time.Minute - 1)
				if _, ok, _ := c.Get(t.Context(), "k"); !ok {
					t.Errorf("%s with %s: the entry has ended early", method, name)
				}
				time.Sleep(time.Nanosecond)
				if _, ok, _ := c.Get(t.Context(), "k", core.Without(core.SkipDistributed)); ok {
					t.Errorf("%s with %s: the entry lives longer than the view's TTL", method, name)
				}
			})
		}
	}
}

func TestSeed_EO1_AViewRefinesTheStackAndACallTheView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stack := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Hour, StaleTTL: 2 * time.Hour, Throttle: 7 * time.Second}}).Stack()
		v := hybrid.Must(hybrid.Of[int](stack, "refined", core.TTL(time.Minute)))
		if got := v.Options(); got.TTL != time.Minute || got.StaleTTL != 2*time.Hour || got.Throttle != 7*time.Second {
			t.Errorf("the view has %+v", got)
		}
		set(t, v, 1, core.TTL(time.Second))
		time.Sleep(2 * time.Second)
		expectMiss(t, v)
		set(t, v, 1)
		time.Sleep(59 * time.Second)
		expectHit(t, v, 1)
	})
}

func TestSeed_EO2_NoOptionsAndZeroOptionsAreTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := new(mapMemory)
		c := open[int](t, hybrid.Options{Memory: memory, Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}})
		var forms []core.Meta
		for _, opts := range [][]core.Option{nil, {}, {core.Option{}}, {core.Option{}, core.Option{}}} {
			set(t, c, 1, opts...)
			e, _ := memory.Get("v:k")
			forms = append(forms, e.Meta())
		}
		for _, m := range forms[1:] {
			if m.Stamp = forms[0].Stamp; !reflect.DeepEqual(m, forms[0]) {
				t.Errorf("got %+v, want %+v", m, forms[0])
			}
		}
	})
}

func TestSeed_EO3_EO7_TTLOfOneEntry(t *testing.T) {
	for method, write := range writes {
		synctest.Test(t, func(t *testing.T) {
			c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: 300 * time.Second}})
			write(t, c, core.TTL(60*time.Second))
			setKey(t, c, "neighbour")
			time.Sleep(59 * time.Second)
			expectHit(t, c, 1)
			time.Sleep(2 * time.Second)
			if _, ok, _ := c.Get(t.Context(), "k"); ok {
				t.Errorf("%s: it is still there", method)
			}
			if _, ok, _ := c.Get(t.Context(), "neighbour"); !ok {
				t.Errorf("%s: the neighbour is gone", method)
			}
		})
	}
}

// The parts that can be skipped are independent of each other.
func TestSeed_EO5_SkipsAreOrthogonal(t *testing.T) {
	parts := []core.Skip{core.SkipMemoryRead, core.SkipMemoryWrite, core.SkipDistributedRead, core.SkipDistributedWrite, core.SkipNotify}
	for skip := range core.Skip(1 << len(parts)) {
		synctest.Test(t, func(t *testing.T) {
			net := newNetwork(t)
			o := net.join(core.EntryOptions{TTL: time.Hour})
			bus := o.Backplane.(*slowBus)
			c := open[int](t, o)
			other := open[int](t, net.join(core.EntryOptions{TTL: time.Hour}))
			time.Sleep(5 * time.Second)
			set(t, other, 77)
			time.Sleep(time.Second)

			gets := net.gets.Load()
			f := &F[int]{results: []func() (int, error){returns(1)}}
			got := ask(t, c, f, core.Without(skip))
			read := !skip.Has(core.SkipDistributedRead)
			if want := map[bool]int{true: 77, false: 1}[read]; got != want {
				t.Errorf("skip %05b: got %d, want %d", skip, got, want)
			}
			if asked := net.gets.Load() > gets; !read && asked && skip.Has(core.SkipDistributedWrite) {
				t.Errorf("skip %05b: the server was asked", skip)
			}
			expectMemory(t, c, skip, !skip.Has(core.SkipMemoryWrite))

			sets, sent := net.sets.Load(), bus.published.Load()
			set(t, c, 2, core.Without(skip))
			if wrote := net.sets.Load() > sets; wrote == skip.Has(core.SkipDistributedWrite) {
				t.Errorf("skip %05b: Set has written to the server: %v", skip, wrote)
			}
			if told := bus.published.Load() > sent; told == skip.Has(core.SkipNotify) {
				t.Errorf("skip %05b: Set has told the others: %v", skip, told)
			}
			expectMemory(t, c, skip, !skip.Has(core.SkipMemoryWrite))
		})
	}
}

// A private distributed layer need not be asked for what this node made stale.
func TestSpec21_6_SkipDistributedReadWhenStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		o := safe()
		o.Skip = core.SkipDistributedReadWhenStale
		c := open[int](t, hybrid.Options{Distributed: server, Defaults: o})
		f := counting(0)
		expectAsk(t, c, f, 1, 1)
		other := open[int](t, hybrid.Options{Distributed: server, Defaults: safe()})
		time.Sleep(30 * time.Second)
		set(t, other, 77)
		time.Sleep(31 * time.Second)
		expectAsk(t, c, f, 2, 2) // memory has a stale entry, and the server is not asked for the new one
		if v, ok, err := c.Get(t.Context(), "k"); ok && v != 2 || err != nil {
			t.Errorf("got %d, %v, %v", v, ok, err)
		}
		cold := open[int](t, hybrid.Options{Distributed: server, Defaults: o})
		if v := ask(t, cold, &F[int]{results: []func() (int, error){fails[int](errBoom)}}); v != 77 && v != 2 {
			t.Errorf("a node without an entry got %d: it must ask the server", v)
		}
	})
}

// expectMemory checks whether memory holds a fresh entry.
func expectMemory(t *testing.T, c *hybrid.Cache[int], skip core.Skip, want bool) {
	t.Helper()
	if _, ok, _ := c.Get(t.Context(), "k", core.Without(core.SkipDistributed)); ok != want {
		t.Errorf("skip %05b: memory has it: %v, want %v", skip, ok, want)
	}
}

func TestSeed_EO6_OptionsAreReusedByManyGoroutines(t *testing.T) {
	c := open[int](t, hybrid.Options{})
	opts := []core.Option{core.TTL(time.Minute), core.FailSafe(time.Hour), core.Tags("a"), core.FailSafeDefault(1), core.IdleTTL(time.Second)}
	before := fmt.Sprintf("%+v", core.Resolve(core.EntryOptions{}, opts))
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			key := fmt.Sprint(i % 10)
			_, _ = c.GetOrSet(t.Context(), key, made, opts...)
			_, _ = c.Set(t.Context(), key, 2, opts...)
			_, _ = c.Expire(t.Context(), key, opts...)
			_, _ = c.Remove(t.Context(), key, opts...)
		})
	}
	all.Wait()
	if after := fmt.Sprintf("%+v", core.Resolve(core.EntryOptions{}, opts)); after != before {
		t.Errorf("the options were changed from\n%s to\n%s", before, after)
	}
}

func TestSeed_EO8_WithoutTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}})
		set(t, c, 1, core.NoTTL())
		time.Sleep(time.Hour)
		expectHit(t, c, 1)
	})
}

func TestSeed_EO10_FailSafeOfOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}})
		opts := []core.Option{core.FailSafe(time.Hour), core.Throttle(30 * time.Second)}
		f := okThenFails()
		expectAsk(t, c, f, 1, 1, opts...)
		time.Sleep(61 * time.Second)
		expectAsk(t, c, f, 1, 2, opts...)
		expectAsk(t, c, f, 1, 2, opts...)
		time.Sleep(30 * time.Second)
		expectAsk(t, c, f, 1, 3, opts...)
	})
}

func TestSeed_EO11_WithoutFailSafe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := safe()
		o.DistributedStaleTTL, o.StaleIfError, o.StaleWhileRevalidate, o.MaxCycles = time.Hour, time.Minute, time.Minute, 3
		c := open[int](t, hybrid.Options{Defaults: o})
		f := okThenFails()
		expectAsk(t, c, f, 1, 1, core.WithoutFailSafe())
		time.Sleep(61 * time.Second)
		expectFailure(t, c, f, errBoom, core.WithoutFailSafe())
		expectFailure(t, c, f, errBoom) // nothing was kept
	})
}

func TestSeed_EO12_HardTimeoutOfOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		slow := &F[int]{delay: 400 * time.Millisecond, results: []func() (int, error){returns(1)}}
		took(t, 50*time.Millisecond, func() {
			expectFailure(t, c, slow, core.ErrFactoryTimeout, core.HardTimeout(50*time.Millisecond))
		})
	})
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{HardTimeout: 50 * time.Millisecond}})
		slow := &F[int]{delay: 400 * time.Millisecond, results: []func() (int, error){returns(1)}}
		took(t, 400*time.Millisecond, func() { expectAsk(t, c, slow, 1, 1, core.HardTimeout(0)) })
	})
}

func TestSeed_EO14_BackgroundWriteOfOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for background, want := range map[bool]time.Duration{true: 0, false: 200 * time.Millisecond} {
			server := newServer(t)
			c := open[int](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{BackgroundWrites: !background, DistributedTimeout: time.Second}})
			setKey(t, c, "first") // which makes the mark of the cache too
			synctest.Wait()
			server.set.be(200 * time.Millisecond)
			took(t, want, func() { set(t, c, 1, core.BackgroundWrites(background)) })
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if err := c.Stack().Close(ctx); err != nil {
				t.Error(err)
			}
			cancel()
			if !server.holds(t) {
				t.Errorf("background %v: the server has nothing", background)
			}
		}
	})
}

// Contradictions are one error that names them all, at construction and at a call.
func TestOptions_AllContradictionsAreNamedAtOnce(t *testing.T) {
	wrong := core.EntryOptions{TTL: time.Minute, StaleTTL: time.Second, EagerRefresh: 0.5, EagerChance: 1, NotFoundJitter: 1, StrictHardTimeout: true}
	_, err := hybrid.New(hybrid.Options{Memory: new(mapMemory), Defaults: wrong})
	for _, option := range []string{"StaleTTL", "EagerChance", "NotFoundJitter", "StrictHardTimeout"} {
		expectOption(t, err, "EntryOptions."+option)
	}
	c := open[int](t, hybrid.Options{})
	_, err = c.Set(t.Context(), "k", 1, core.EagerRefresh(7), core.NotFoundTTL(0, 1))
	for _, option := range []string{"EagerRefresh", "NotFoundJitter"} {
		expectOption(t, err, "EntryOptions."+option)
	}
}

func TestOptions_WhatNeverActsIsAdvisedAgainst(t *testing.T) {
	for name, c := range map[string]struct {
		o    core.EntryOptions
		want int64
	}{
		"good":                      {core.EntryOptions{TTL: time.Minute, IdleTTL: time.Second, EagerRefresh: 0.5, StaleWhileRevalidate: 1, StaleIfError: 1}, 0},
		"IdleTTL as TTL":            {core.EntryOptions{TTL: time.Minute, IdleTTL: time.Minute}, 1},
		"windows that never begin":  {core.EntryOptions{EagerRefresh: 0.5, StaleWhileRevalidate: 1, StaleIfError: 1}, 3},
		"chances that never come":   {core.EntryOptions{TTL: core.Forever, EagerChance: 1}, 1},
		"an idle limit without TTL": {core.EntryOptions{IdleTTL: time.Minute}, 0},
	} {
		p := &listening{mask: core.Advice}
		open[int](t, hybrid.Options{Plugins: []core.Plugin{p}, Defaults: c.o})
		if got := p.n.Load(); got != c.want {
			t.Errorf("%s: %d pieces of advice, want %d", name, got, c.want)
		}
	}
}

// Without a distributed layer there is no age at which a result is not stored.
func TestOptions_LoadsThatAreNotStoredAreAdvisedAgainst(t *testing.T) {
	for name, c := range map[string]struct {
		limit  time.Duration
		server core.DistributedLayer
		want   int64
	}{
		"no longer than MaxFillAge": {30 * time.Second, newServer(t), 0},
		"longer":                    {time.Minute, newServer(t), 1},
		"without a server":          {time.Minute, nil, 0},
	} {
		p := &listening{mask: core.Advice}
		open[int](t, hybrid.Options{
			Distributed: c.server,
			Plugins:     []core.Plugin{p}, Defaults: core.EntryOptions{TTL: time.Minute, LoadTimeout: c.limit},
		})
		if got := p.n.Load(); got != c.want {
			t.Errorf("%s: %d pieces of advice, want %d", name, got, c.want)
		}
	}
}

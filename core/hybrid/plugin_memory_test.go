// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// aroundMemory is a plugin that wraps memory.
type aroundMemory struct {
	name string
	wrap func(core.MemoryLayer) core.MemoryLayer
}

func (p aroundMemory) Name() string { return p.name }

func (p aroundMemory) Install(h *core.Host) error {
	h.WrapMemory(p.wrap)
	return nil
}

// frailMemory is a memory layer that counts its calls, and panics while on says so.
type frailMemory struct {
	core.MemoryLayer
	on         atomic.Bool
	gets, sets atomic.Int64
}

func (m *frailMemory) mayPanic() {
	if m.on.Load() {
		panic(errBoom)
	}
}

func (m *frailMemory) Get(key string) (*core.Entry, bool) {
	m.gets.Add(1)
	m.mayPanic()
	return m.MemoryLayer.Get(key)
}

func (m *frailMemory) Set(key string, e *core.Entry) error {
	m.sets.Add(1)
	m.mayPanic()
	return m.MemoryLayer.Set(key, e)
}

func (m *frailMemory) Delete(key string) {
	m.mayPanic()
	m.MemoryLayer.Delete(key)
}

// frailly is the plugin that puts f around memory.
func frailly(f *frailMemory) core.Plugin {
	return aroundMemory{"frail", func(m core.MemoryLayer) core.MemoryLayer {
		f.MemoryLayer = m
		return f
	}}
}

func TestPlugins_AWrapperOfMemorySeesHitsAndWrites(t *testing.T) {
	for name, memory := range memories {
		t.Run(name, func(t *testing.T) {
			f := new(frailMemory)
			c := open[int](t, hybrid.Options{Memory: memory(), Plugins: []core.Plugin{frailly(f)}})
			set(t, c, 7)
			if sets, gets := f.sets.Load(), f.gets.Load(); sets != 1 {
				t.Errorf("a set: %d sets, %d gets", sets, gets)
			}
			before := f.gets.Load()
			expectHit(t, c, 7)
			if gets := f.gets.Load() - before; gets != 1 {
				t.Errorf("a hit: %d gets", gets)
			}
		})
	}
}

// While memory panics the others answer; what it was to forget meanwhile is never shown.
func TestPlugins_AWrappedMemoryThatPanicsIsAsOneThatHasNothing(t *testing.T) {
	for name, memory := range memories {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, frail := newNetwork(t), new(frailMemory)
				o := n.join(core.EntryOptions{TTL: time.Hour, StaleTTL: time.Hour})
				o.Memory, o.Plugins = memory(), []core.Plugin{frailly(frail)}
				a, b := open[int](t, o), open[int](t, n.join(core.EntryOptions{TTL: time.Hour}))
				time.Sleep(5 * time.Second)
				h := tell(a)
				set(t, a, 1)
				expectHit(t, a, 1)

				frail.on.Store(true)
				expectHit(t, a, 1) // of the server
				set(t, a, 2)
				expectHit(t, a, 2)
				expectHit(t, b, 2)
				set(t, b, 3)
				synctest.Wait()
				expectHit(t, a, 3)
				if got := panicked(h.take()); got < 6 {
					t.Errorf("heard of %d panics", got)
				}
				if _, err := b.Remove(t.Context(), "k"); err != nil {
					t.Error(err)
				}
				synctest.Wait()
				frail.on.Store(false)
				expectMiss(t, a)
				expectAsk(t, a, &F[int]{results: []func() (int, error){returns(4)}}, 4, 1)
				gets := n.gets.Load()
				expectHit(t, a, 4)
				if n.gets.Load() != gets {
					t.Error("memory is of no use any more")
				}
			})
		})
	}
}

// A message that comes while memory panics is not lost on what it holds.
func TestPlugins_WhatIsInvalidatedWhileMemoryPanicsIsNotServed(t *testing.T) {
	for name, memory := range memories {
		for what, invalidate := range map[string]func(ctx context.Context, c *hybrid.Cache[int]) error{
			"set":    func(ctx context.Context, c *hybrid.Cache[int]) error { _, err := c.Set(ctx, "k", 2); return err },
			"remove": func(ctx context.Context, c *hybrid.Cache[int]) error { _, err := c.Remove(ctx, "k"); return err },
			"expire": func(ctx context.Context, c *hybrid.Cache[int]) error { _, err := c.Expire(ctx, "k"); return err },
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n, frail := newNetwork(t), new(frailMemory)
					o := n.join(core.EntryOptions{TTL: time.Hour, StaleTTL: time.Hour})
					o.Memory, o.Plugins = memory(), []core.Plugin{frailly(frail)}
					a, b := open[int](t, o), open[int](t, n.join(core.EntryOptions{TTL: time.Hour, StaleTTL: time.Hour}))
					time.Sleep(5 * time.Second)
					set(t, a, 1)
					synctest.Wait()
					frail.on.Store(true)
					if err := invalidate(t.Context(), b); err != nil {
						t.Error(err)
					}
					synctest.Wait()
					frail.on.Store(false)
					if v, ok, err := a.Get(t.Context(), "k"); ok && v == 1 || err != nil {
						t.Errorf("got %v, %v, %v", v, ok, err)
					}
				})
			})
		}
	}
}

// A memory layer alone must not show what a call that panicked was to remove.
func TestPlugins_WhatAPanicKeptInMemoryIsNotServed(t *testing.T) {
	for name, memory := range memories {
		t.Run(name, func(t *testing.T) {
			frail := new(frailMemory)
			c := open[int](t, hybrid.Options{
				Memory: memory(), Plugins: []core.Plugin{frailly(frail)},
				Defaults: core.EntryOptions{TTL: time.Hour, StaleTTL: time.Hour},
			})
			set(t, c, 1)
			frail.on.Store(true)
			if _, err := c.Remove(t.Context(), "k"); err != nil {
				t.Error(err)
			}
			frail.on.Store(false)
			expectMiss(t, c)
			set(t, c, 2)
			expectHit(t, c, 2)
			frail.on.Store(true)
			set(t, c, 3)
			frail.on.Store(false)
			expectMiss(t, c)
		})
	}
}

func TestPlugins_MemoryThatCannotBeWrappedFailsTheConstruction(t *testing.T) {
	memory := memories["objects"]()
	for name, c := range map[string]struct {
		wrap func(core.MemoryLayer) core.MemoryLayer
		want string
	}{
		"nil":    {func(core.MemoryLayer) core.MemoryLayer { return nil }, `plugin "p": its wrapper returned nil`},
		"panics": {func(core.MemoryLayer) core.MemoryLayer { panic(errBoom) }, `plugin "p": panic: boom`},
		"none":   {nil, `plugin "p": panic: `},
		"bytes":  {func(core.MemoryLayer) core.MemoryLayer { return memories["bytes"]() }, "option Serializer: is required"},
	} {
		_, err := hybrid.New(hybrid.Options{Memory: memory, Plugins: []core.Plugin{aroundMemory{"p", c.wrap}}})
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, errBoom) != (name == "panics") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The abilities that a wrapper does not hide are used.
func TestPlugins_AWrapperOfMemoryThatCanBeSkippedKeepsItsAbilities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{
			Memory:  memories["objects"](),
			Plugins: []core.Plugin{aroundMemory{"open", func(m core.MemoryLayer) core.MemoryLayer { return openMemory{m} }}},
		})
		h := tell(c)
		for i := range 101 {
			_, _ = c.Set(t.Context(), strings.Repeat("k", i+1), i)
		}
		if _, err := c.Stack().Clear(t.Context()); err != nil {
			t.Error(err)
		}
		evicted, cleared := 0, 0
		for _, ev := range h.take() {
			switch {
			case ev.Kind == core.Evicted:
				evicted++
			case ev.Kind == core.MemoryRemoved && ev.Key == "":
				cleared++
			}
		}
		if evicted != 1 || cleared != 1 {
			t.Errorf("%d evictions and %d clearings are told", evicted, cleared)
		}
	})
}

// openMemory is a wrapper that can be skipped.
type openMemory struct{ core.MemoryLayer }

func (o openMemory) Unwrap() core.MemoryLayer { return o.MemoryLayer }

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/cachetest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// auditor is a plugin.
type auditor struct{ name string }

func (a auditor) Name() string { return a.name }

func (a auditor) Install(h *core.Host) error {
	h.OnEvent(core.Written, func(ev core.Event) { fmt.Println(a.name, "saw a write of", ev.Key) })
	h.OnEvent(core.Cleared, func(core.Event) { panic("out of paper") })
	h.OnClose(func(context.Context) error {
		fmt.Println(a.name, "closes")
		return nil
	})
	return nil
}

// A plugin listens, and has something to do at the end: the last one first.
func ExampleOptions_plugins() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Memory:  hybrid.Must(ottermem.New(nil)),
		Plugins: []core.Plugin{auditor{"first"}, auditor{"second"}},
	}))
	prices := hybrid.Must(hybrid.Of[int](stack, "price"))
	_, _ = prices.Set(ctx, "lamp", 1995)
	_ = stack.Close(ctx)
	// Output:
	// first saw a write of price:lamp
	// second saw a write of price:lamp
	// second closes
	// first closes
}

// One that panics hears nothing more, and the caller of the cache notices nothing.
func ExampleOptions_pluginThatPanics() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Memory:  hybrid.Must(ottermem.New(nil)),
		Plugins: []core.Plugin{auditor{"first"}},
	}))
	stack.Events().Listen("main", core.PluginPanicked, func(ev core.Event) { fmt.Println(ev.Detail, "is muted:", ev.Err) })
	fmt.Println(stack.Clear(ctx))
	fmt.Println(stack.Clear(ctx))
	_ = stack.Close(ctx)
	// Output:
	// first is muted: panic: string
	// committed <nil>
	// committed <nil>
	// first closes
}

// retry is a plugin that asks the source a second time before its failure counts.
type retry struct{}

func (retry) Name() string { return "retry" }

func (retry) Install(h *core.Host) error {
	h.AddStage(core.AroundLoad, func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			res, err := next(ctx, r)
			if err == nil || errors.Is(err, core.ErrNotFound) || ctx.Err() != nil {
				return res, err
			}
			return next(ctx, r)
		}
	})
	return nil
}

// A policy of one's own is a stage: here one inside of the flight, so that it retries
// once for all callers who wait.
func ExampleOptions_stage() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Memory:  hybrid.Must(ottermem.New(nil)),
		Plugins: []core.Plugin{retry{}},
	}))
	prices := hybrid.Must(hybrid.Of[int](stack, "price"))
	source := new(cachetest.Factory[int]).ThenFail(errors.New("connection reset")).ThenReturn(1995)
	fmt.Println(prices.GetOrSet(ctx, "lamp", source.Load))
	fmt.Println(source.Keys())
	_ = stack.Close(ctx)
	// Output:
	// 1995 <nil>
	// [lamp lamp]
}

// clumsy is a plugin whose stage panics.
type clumsy struct{}

func (clumsy) Name() string { return "clumsy" }

func (clumsy) Install(h *core.Host) error {
	h.AddStage(core.AroundLoad, func(core.Handler) core.Handler {
		return func(context.Context, core.Request) (core.Result, error) { panic("oh") }
	})
	return nil
}

// A stage that panics is a factory that fails, and the same holds for what a plugin
// puts around a layer: it is a layer that fails.
func ExampleOptions_stageThatPanics() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Memory:  hybrid.Must(ottermem.New(nil)),
		Plugins: []core.Plugin{clumsy{}},
	}))
	prices := hybrid.Must(hybrid.Of[int](stack, "price"))
	stack.Events().Listen("main", core.PluginPanicked, func(ev core.Event) { fmt.Println(ev.Detail, "has panicked") })
	factory := func(context.Context, string) (int, error) { return 1995, nil }
	_, err := prices.GetOrSet(ctx, "lamp", factory)
	fmt.Println(err)
	price, _ := prices.GetOrSet(ctx, "lamp", factory, core.FailSafeDefault(2000))
	fmt.Println(price)
	_ = stack.Close(ctx)
	// Output:
	// clumsy has panicked
	// cache: get or set "lamp": plugin "clumsy": panic: string
	// clumsy has panicked
	// 2000
}

// discreet is a plugin that keeps the entries of a view out of memory.
type discreet struct{ view string }

func (discreet) Name() string { return "discreet" }

func (p discreet) Install(h *core.Host) error {
	h.WrapMemory(func(m core.MemoryLayer) core.MemoryLayer { return discreetMemory{m, p.view + ":"} })
	return nil
}

type discreetMemory struct {
	core.MemoryLayer
	prefix string
}

var errSecret = errors.New("memory is not to hold it")

func (m discreetMemory) Set(key string, e *core.Entry) error {
	if strings.HasPrefix(key, m.prefix) {
		m.Delete(key) // on an error nothing is held, not what was there before either
		return errSecret
	}
	return m.MemoryLayer.Set(key, e)
}

// Unwrap lets the abilities of the layer be found: to read, this wrapper can be skipped.
func (m discreetMemory) Unwrap() core.MemoryLayer { return m.MemoryLayer }

// A plugin can stand around the memory layer, as around the others.
func ExampleOptions_pluginAroundMemory() {
	ctx := context.Background()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Memory:  hybrid.Must(ottermem.New(nil)),
		Plugins: []core.Plugin{discreet{view: "pin"}},
	}))
	stack.Events().Listen("main", core.MemoryRefused, func(ev core.Event) { fmt.Println(ev.Key, "is refused:", ev.Err) })
	pins, prices := hybrid.Must(hybrid.Of[int](stack, "pin")), hybrid.Must(hybrid.Of[int](stack, "price"))
	_, _ = pins.Set(ctx, "gopher", 1234)
	_, _ = prices.Set(ctx, "lamp", 1995)
	fmt.Println(pins.Get(ctx, "gopher"))
	fmt.Println(prices.Get(ctx, "lamp"))
	_ = stack.Close(ctx)
	// Output:
	// pin:gopher is refused: memory is not to hold it
	// 0 false <nil>
	// 1995 true <nil>
}

// adviser is a plugin that prints advice.
type adviser struct{}

func (adviser) Name() string { return "adviser" }

func (adviser) Install(h *core.Host) error {
	h.OnEvent(core.Advice, func(ev core.Event) { fmt.Println(ev.Detail) })
	return nil
}

// Options that are allowed, but probably not meant so, are an event.
func ExampleOptions_advice() {
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Memory:   hybrid.Must(ottermem.New(nil)),
		Plugins:  []core.Plugin{adviser{}},
		Defaults: core.EntryOptions{TTL: time.Minute, SoftTimeout: time.Second},
	}))
	_ = stack.Close(context.Background())
	// Output: SoftTimeout does nothing without StaleTTL
}

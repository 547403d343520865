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
	"github.com/fusioncache-go/fusioncache/core/layer"
)

// frail is a plugin whose wrappers and stages panic while on says so.
type frail struct {
	on     atomic.Bool
	stages []core.Slot
}

func (p *frail) Name() string { return "frail" }

func (p *frail) Install(h *core.Host) error {
	wrap := func(ctx context.Context, _ core.Op, _ string, do func(context.Context) error) error {
		p.mayPanic()
		return do(ctx)
	}
	h.WrapDistributed(func(d core.DistributedLayer) core.DistributedLayer { return layer.Around(d, wrap) })
	h.WrapBackplane(func(b core.Backplane) core.Backplane {
		return layer.AroundBackplane(frailBus{b, p}, wrap)
	})
	for _, at := range p.stages {
		h.AddStage(at, func(next core.Handler) core.Handler {
			return func(ctx context.Context, r core.Request) (core.Result, error) {
				p.mayPanic()
				return next(ctx, r)
			}
		})
	}
	return nil
}

func (p *frail) mayPanic() {
	if p.on.Load() {
		panic(errBoom)
	}
}

// frailBus has a subscriber that panics.
type frailBus struct {
	core.Backplane
	plugin *frail
}

func (b frailBus) Subscribe(ctx context.Context, s core.Subscriber) error {
	return b.Backplane.Subscribe(ctx, frailSubscriber{s, b.plugin})
}

type frailSubscriber struct {
	core.Subscriber
	plugin *frail
}

func (s frailSubscriber) Message(msg []byte) {
	s.plugin.mayPanic()
	s.Subscriber.Message(msg)
}

func panicked(events []core.Event) (n int) {
	for _, ev := range events {
		if ev.Kind == core.PluginPanicked && ev.Detail == "frail" && errors.Is(ev.Err, errBoom) {
			n++
		}
	}
	return n
}

// Reads, writes, writes in the background, recovery, the heartbeat and the
// subscription all meet the panic, and all go on when it is over.
func TestPlugins_AWrappedLayerOrBackplaneThatPanicsIsAsOneThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, p := newNetwork(t), new(frail)
		o := n.join(core.EntryOptions{TTL: time.Minute})
		o.Plugins = append(o.Plugins, p)
		a, b := open[int](t, o), open[int](t, n.join(core.EntryOptions{TTL: time.Minute}))
		time.Sleep(5 * time.Second)
		h := tell(a)
		p.on.Store(true)
		expectAsk(t, a, &F[int]{results: []func() (int, error){returns(7)}}, 7, 1)
		set(t, a, 8)
		if _, err := a.Set(t.Context(), "k", 9, core.BackgroundWrites(true)); err != nil {
			t.Error(err)
		}
		if _, err := a.Set(t.Context(), "l", 9, core.ReturnLayerErrors(true)); !errors.Is(err, errBoom) {
			t.Errorf("got %v", err)
		}
		time.Sleep(20 * time.Second)
		if got := panicked(h.take()); got < 6 {
			t.Errorf("heard of %d panics", got)
		}
		p.on.Store(false)
		time.Sleep(time.Minute)
		set(t, a, 10)
		synctest.Wait()
		expectHit(t, b, 10)
	})
}

func TestPlugins_AStageThatPanicsIsAnErrorOfTheCallOrOfItsFactory(t *testing.T) {
	for _, at := range []core.Slot{core.Outer, core.AroundLoad} {
		synctest.Test(t, func(t *testing.T) {
			p := &frail{stages: []core.Slot{at}}
			c := open[int](t, hybrid.Options{
				Plugins:  []core.Plugin{p},
				Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour},
			})
			h := tell(c)
			p.on.Store(true)
			_, err := c.GetOrSet(t.Context(), "k", (&F[int]{}).load)
			if _, ok := errors.AsType[*core.PanicError](err); !ok || !strings.Contains(err.Error(), `plugin "frail": panic: boom`) {
				t.Errorf("got %v", err)
			}
			if got := panicked(h.take()); got != 1 {
				t.Errorf("heard of %d panics", got)
			}
			p.on.Store(false)
			expectAsk(t, c, &F[int]{results: []func() (int, error){returns(7)}}, 7, 1)
			if at == core.Outer {
				return
			}
			time.Sleep(2 * time.Minute)
			p.on.Store(true)
			if v, err := c.GetOrSet(t.Context(), "k", (&F[int]{}).load); v != 7 || err != nil {
				t.Errorf("fail-safe: %d, %v", v, err)
			}
		})
	}
}

// broken is a plugin that asks for something that cannot be had.
type broken struct{ install func(*core.Host) }

func (p broken) Name() string               { return "broken" }
func (p broken) Install(h *core.Host) error { p.install(h); return nil }

func TestPlugins_WhatCannotBePutInItsPlaceFailsTheConstruction(t *testing.T) {
	for name, install := range map[string]func(*core.Host){
		"layer is nil": func(h *core.Host) {
			h.WrapDistributed(func(core.DistributedLayer) core.DistributedLayer { return nil })
		},
		"layer panics": func(h *core.Host) {
			h.WrapDistributed(func(core.DistributedLayer) core.DistributedLayer { panic(errBoom) })
		},
		"backplane is nil": func(h *core.Host) { h.WrapBackplane(func(core.Backplane) core.Backplane { return nil }) },
		"backplane panics": func(h *core.Host) { h.WrapBackplane(func(core.Backplane) core.Backplane { panic(errBoom) }) },
		"stage is nil":     func(h *core.Host) { h.AddStage(core.Outer, nil) },
		"handler is nil":   func(h *core.Host) { h.AddStage(core.AroundLoad, func(core.Handler) core.Handler { return nil }) },
		"stage panics":     func(h *core.Host) { h.AddStage(core.Outer, func(core.Handler) core.Handler { panic(errBoom) }) },
	} {
		synctest.Test(t, func(t *testing.T) {
			closed := false
			o := newNetwork(t).join(core.EntryOptions{})
			o.Name, o.Memory, o.Serializer = "app", new(mapMemory), jsonSerializer{}
			o.Plugins = append(o.Plugins, broken{install}, broken{func(h *core.Host) {
				h.OnClose(func(context.Context) error { closed = true; return nil })
			}})
			_, err := hybrid.New(o)
			if err == nil || !strings.Contains(err.Error(), `plugin "broken": `) || !closed {
				t.Errorf("%s: got %v; others closed: %v", name, err, closed)
			}
		})
	}
}

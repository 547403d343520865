// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// told is what a listener has heard since it was last asked.
type told struct {
	mu   sync.Mutex
	list []core.Event
}

func tell[V any](c *hybrid.Cache[V]) *told {
	h := &told{}
	c.Stack().Events().Listen("told", core.AllKinds, func(ev core.Event) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.list = append(h.list, ev)
	})
	return h
}

func (h *told) take() []core.Event {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() { h.list = nil }()
	return h.list
}

// want expects the kinds, in whatever order.
func (h *told) want(t *testing.T, when string, want ...core.Kind) []core.Event {
	t.Helper()
	events := h.take()
	var got []core.Kind
	for _, ev := range events {
		got = append(got, ev.Kind)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", when, got, want)
	}
	return events
}

// The combinations of section 27 of the specification of FusionCache.
func TestEvents_Spec27_WhatEachCallTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		o := n.join(core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, Throttle: 10 * time.Second})
		c := open[int](t, o)
		time.Sleep(5 * time.Second)
		h := tell(c)
		f := &F[int]{results: []func() (int, error){returns(1), fails[int](errBoom)}}

		ask(t, c, f)
		h.want(t, "a miss", core.MemoryMissed, core.MemoryWritten, core.LayerMiss, core.FactorySucceeded, core.LayerWritten, core.MessageSent, core.Miss)
		ask(t, c, f)
		h.want(t, "a hit", core.Hit)
		ask(t, c, f, core.Without(core.SkipMemoryRead))
		hits := h.want(t, "a hit of the server", core.MemoryWritten, core.LayerHit, core.Hit)
		if hits[len(hits)-1].Level != core.LevelDistributed {
			t.Errorf("got %+v", hits)
		}
		time.Sleep(time.Minute)
		h.take()
		ask(t, c, f)
		events := h.want(t, "a failure that fail-safe answers", core.LayerHit, core.FactoryFailed, core.FailSafeActivated, core.StaleHit)
		if events[0].Detail != "stale" || hits[0].Detail != "fresh" {
			t.Errorf("the states in the distributed layer are %q and %q", hits[0].Detail, events[0].Detail)
		}
		if age := events[len(events)-1].Age; age != time.Minute {
			t.Errorf("a stale hit has the age %v", age)
		}
		ask(t, c, f)
		h.want(t, "a hit in the throttle window", core.StaleHit)

		set(t, c, 2)
		h.want(t, "a set", core.MemoryWritten, core.Written, core.LayerWritten, core.MessageSent)
		if _, err := c.Expire(t.Context(), "k"); err != nil {
			t.Error(err)
		}
		h.want(t, "an expiry", core.MemoryExpired, core.Expired, core.LayerHit, core.LayerWritten, core.MessageSent)
		if _, err := c.Remove(t.Context(), "k"); err != nil {
			t.Error(err)
		}
		h.want(t, "a removal", core.MemoryRemoved, core.Removed, core.LayerRemoved, core.MessageSent)
		expectMiss(t, c)
		h.want(t, "a plain miss", core.MemoryMissed, core.LayerMiss, core.Miss)
	})
}

func TestEvents_Spec27_TagsAndClear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, newNetwork(t).join(core.EntryOptions{TTL: time.Minute}))
		time.Sleep(5 * time.Second)
		h := tell(c)
		for _, call := range []struct {
			when string
			do   func() error
			want core.Event
		}{
			{"remove by tag", func() error { _, err := c.Stack().RemoveByTag(t.Context(), "red"); return err }, core.Event{Kind: core.TagInvalidated, Key: "red", Op: core.OpRemove}},
			{"expire by tag", func() error { _, err := c.Stack().ExpireByTag(t.Context(), "red"); return err }, core.Event{Kind: core.TagInvalidated, Key: "red", Op: core.OpExpire}},
			{"clear", func() error { _, err := c.Stack().Clear(t.Context()); return err }, core.Event{Kind: core.Cleared, Op: core.OpRemove}},
			{"expire all", func() error { _, err := c.Stack().ExpireAll(t.Context()); return err }, core.Event{Kind: core.Cleared, Op: core.OpExpire}},
		} {
			if err := call.do(); err != nil {
				t.Error(err)
			}
			call.want.Stack = "app"
			if got := h.take(); !slices.Contains(got, call.want) {
				t.Errorf("%s: got %+v, want %+v among them", call.when, got, call.want)
			}
		}
	})
}

func TestEvents_RecoveryAndDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		channel := n.bus.Channel(hybrid.Channel("app"))
		o := n.join(core.EntryOptions{TTL: time.Hour})
		o.Backplane = channel
		a, b := open[int](t, o), open[int](t, n.join(core.EntryOptions{TTL: time.Hour}))
		time.Sleep(5 * time.Second)
		h := tell(a)
		set(t, a, 1)
		n.down.Store(true)
		set(t, a, 2)
		n.down.Store(false)
		time.Sleep(10 * time.Second)
		expect := func(what string, want core.Event) {
			t.Helper()
			if got := h.take(); !slices.ContainsFunc(got, func(ev core.Event) bool {
				return ev.Kind == want.Kind && ev.Key == "v:k" && ev.Op == want.Op && ev.Level == want.Level
			}) {
				t.Errorf("no event of %s among %+v", what, got)
			}
		}
		expect("the replay", core.Event{Kind: core.Replayed, Op: core.OpSet})

		n.down.Store(true)
		set(t, a, 3)
		time.Sleep(time.Minute)
		channel.Disconnect() // it does not hear of the later write
		n.down.Store(false)
		set(t, b, 4)
		time.Sleep(2 * time.Minute)
		expect("a replay that comes too late", core.Event{Kind: core.ReplayDropped, Op: core.OpSet})

		channel.Reconnect()
		time.Sleep(10 * time.Second)
		expectHit(t, a, 4)
		time.Sleep(time.Second)
		h.take()
		channel.Disconnect()
		channel.Reconnect()
		time.Sleep(time.Second)
		expectHit(t, a, 4)
		expect("a copy that was in doubt", core.Event{Kind: core.Revalidated, Level: core.LevelMemory})
	})
}

// Listeners that panic are muted, and nobody else suffers.
func TestEvents_ListenerThatPanicsIsMutedAndReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		calls := 0
		c.Stack().Events().Listen("bad", core.AllKinds, func(core.Event) { calls++; panic("no") })
		h := tell(c)
		expectAsk(t, c, &F[int]{results: []func() (int, error){returns(7)}}, 7, 1)
		expectHit(t, c, 7)
		events := h.take()
		at := slices.IndexFunc(events, func(ev core.Event) bool { return ev.Kind == core.PluginPanicked })
		if calls != 1 || at < 0 || events[at].Detail != "bad" {
			t.Errorf("it was called %d times; events: %+v", calls, events)
		}
	})
}

// closing is a plugin that notes when it is closed, and may panic then.
type closing struct {
	name  string
	fail  any
	order *[]string
}

func (p closing) Name() string { return p.name }
func (p closing) Install(h *core.Host) error {
	h.OnClose(func(context.Context) error {
		*p.order = append(*p.order, p.name)
		if p.fail != nil {
			panic(p.fail)
		}
		return nil
	})
	return nil
}

func TestPlugins_CloseLastFirstAndAllOfThem(t *testing.T) {
	var order []string
	s := hybrid.Must(hybrid.New(hybrid.Options{
		Memory:  new(mapMemory),
		Plugins: []core.Plugin{closing{"a", nil, &order}, closing{"b", errBoom, &order}, closing{"c", nil, &order}},
	}))
	err := s.Close(t.Context())
	if !slices.Equal(order, []string{"c", "b", "a"}) {
		t.Errorf("closed in the order %v", order)
	}
	if _, ok := errors.AsType[*core.PanicError](err); !ok || !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
}

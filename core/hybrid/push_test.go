// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// weighed counts the bytes that are read as values.
type weighed struct {
	*server
	values, headers atomic.Int64
}

func (w *weighed) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if strings.Contains(key, ":1:e:") {
		w.values.Add(1)
	}
	return w.server.Get(ctx, key)
}

func (w *weighed) ReadHeader(ctx context.Context, key string) ([]byte, bool, error) {
	w.headers.Add(1)
	return w.server.ReadHeader(ctx, key)
}

// pushers are nodes that push.
func pushers(t *testing.T, n *network, count int, opts core.EntryOptions) (nodes []*hybrid.Cache[string], w *weighed) {
	t.Helper()
	w = &weighed{server: n.server}
	for range count {
		o := n.join(opts)
		o.Distributed, o.MessageKeys = w, [][]byte{keyOf(1)}
		nodes = append(nodes, open[string](t, o))
	}
	time.Sleep(5 * time.Second)
	return nodes, w
}

// After a hot key changes no node reads its value from the server.
func TestPush_NoStormOfReadsAfterAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nodes, w := pushers(t, newNetwork(t), 10, core.EntryOptions{TTL: time.Minute, Push: true})
		set(t, nodes[0], "before")
		synctest.Wait()
		for _, c := range nodes {
			expectHit(t, c, "before")
		}
		w.values.Store(0)
		set(t, nodes[0], "after")
		synctest.Wait()
		crowd(100, func(i int) { expectHit(t, nodes[i%10], "after") })
		if got := w.values.Load(); got != 0 {
			t.Errorf("%d values were read", got)
		}
		headers := w.headers.Load()
		if headers == 0 || headers > 9 {
			t.Errorf("%d headers were read", headers)
		}
		crowd(100, func(i int) { expectHit(t, nodes[i%10], "after") })
		if got := w.headers.Load(); got != headers {
			t.Error("what was checked is checked again")
		}
		time.Sleep(time.Minute)
		for _, c := range nodes {
			expectMiss(t, c) // a pushed value has the life of the sender's
		}
	})
}

func TestPush_OnlyToWhoHoldsTheKeyAndOnlySmallOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nodes, w := pushers(t, newNetwork(t), 2, core.EntryOptions{TTL: time.Minute, Push: true})
		set(t, nodes[0], "a value")
		synctest.Wait()
		expectHit(t, nodes[1], "a value")
		if w.values.Load() != 1 {
			t.Error("a value was kept by a node that never asked for it")
		}
		large := strings.Repeat("x", 40<<10)
		set(t, nodes[0], large)
		synctest.Wait()
		expectHit(t, nodes[1], large)
		if w.values.Load() != 2 {
			t.Error("a large value was pushed")
		}
		set(t, nodes[0], "not pushed", core.Push(false))
		synctest.Wait()
		expectHit(t, nodes[1], "not pushed")
		if w.values.Load() != 3 {
			t.Error("a value was pushed against the option of the call")
		}
	})
}

// A pushed value that is not what the server holds is never served: a late one,
// one of a write that failed, a false one under a true version.
func TestPush_WhatTheServerDoesNotHoldIsNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		nodes, _ := pushers(t, n, 2, core.EntryOptions{TTL: time.Hour, Push: true})
		spy := &eavesdropper{}
		channel := n.bus.Channel(hybrid.Channel("app"))
		listening, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = channel.Subscribe(listening, spy) }()
		synctest.Wait()
		set(t, nodes[0], "one")
		synctest.Wait()
		expectHit(t, nodes[1], "one")
		var pushes [][]byte
		for range 20 {
			spy.forget()
			set(t, nodes[0], "older")
			synctest.Wait()
			for _, msg := range spy.all() {
				if bytes.Contains(msg, []byte("older")) {
					pushes = append(pushes, msg)
				}
			}
		}
		if len(pushes) == 0 {
			t.Fatal("nothing was pushed")
		}
		set(t, nodes[0], "newest")
		synctest.Wait()
		for _, msg := range pushes {
			if err := channel.Publish(t.Context(), msg); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			expectHit(t, nodes[1], "newest")
		}
		// Without the key: a false value under a version that is true.
		seal, _ := wire.NewSeal("app", keyOf(1))
		msg, err := seal.Open(bytes.Clone(pushes[0]))
		if err != nil {
			t.Fatal(err)
		}
		m, err := wire.ParseMessage(msg)
		if err != nil {
			t.Fatal(err)
		}
		m.Value = strings.Replace(m.Value, "older", "false", 1)
		for _, forged := range [][]byte{wire.AppendMessage(nil, m), seal.Close(wire.AppendMessage(nil, m))} {
			if err := channel.Publish(t.Context(), forged); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			expectHit(t, nodes[1], "newest")
		}
	})
}

// Values of many keys go along together, as far as a message has room.
func TestPush_ValuesOfManyKeysGoAlongInAFewAuthenticMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		nodes, w := pushers(t, n, 2, core.EntryOptions{TTL: time.Minute, Push: true})
		spy := &eavesdropper{}
		channel := n.bus.Channel(hybrid.Channel("app"))
		listening, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = channel.Subscribe(listening, spy) }()
		values, keys := map[string]string{}, []string(nil)
		for i := range 100 {
			keys = append(keys, fmt.Sprint("key", i))
			values[keys[i]] = strings.Repeat("x", 1<<10)
		}
		_, _ = nodes[1].SetMany(t.Context(), values)
		synctest.Wait()
		for _, key := range keys {
			values[key] = strings.Repeat("y", 1<<10)
		}
		w.values.Store(0)
		synctest.Wait()
		spy.forget()
		outcome, err := nodes[0].SetMany(t.Context(), values)
		expectOutcome(t, outcome, err, core.Committed)
		synctest.Wait()
		seal, _ := wire.NewSeal("app", keyOf(1))
		batches := 0
		for _, msg := range spy.all() {
			inner, err := seal.Open(msg)
			m, wrong := wire.ParseMessage(inner)
			if err != nil || wrong != nil {
				t.Fatal(err, wrong)
			}
			if m.Kind == wire.MessageBatch {
				batches++
			} else if m.Key != "" {
				t.Errorf("%v of %q went alone", m.Kind, m.Key)
			}
		}
		if batches < 2 || batches > 3 {
			t.Errorf("100 KiB went along with %d messages", batches)
		}
		for _, key := range keys {
			if v, ok, err := nodes[1].Get(t.Context(), key); v != values[key] || !ok || err != nil {
				t.Errorf("%s: %t, %v", key, ok, err)
			}
		}
		if w.values.Load() != 0 {
			t.Errorf("%d values were read", w.values.Load())
		}
		_, _ = nodes[1].RemoveMany(t.Context(), keys)
		synctest.Wait()
		if got, err := nodes[0].GetMany(t.Context(), keys); len(got) != 0 || err != nil {
			t.Errorf("%d keys are left, %v", len(got), err)
		}
	})
}

func TestPush_BadOptionsAreNamed(t *testing.T) {
	_, err := hybrid.New(hybrid.Options{Memory: new(mapMemory), Defaults: core.EntryOptions{Push: true}})
	expectOption(t, err, "Options.Defaults.Push")
	_, err = hybrid.Of[int](open[int](t, hybrid.Options{}).Stack(), "pushed", core.Push(true))
	expectOption(t, err, "EntryOptions.Push")
}

// outlets is a bus whose server can publish for a distributed layer.
type outlets struct{ core.Backplane }

func (outlets) Outlet() core.Outlet { return core.Outlet{Server: 1, Channel: "c"} }

// No server has put a write that failed in order with others. Its value could be taken
// for newer than a later removal, by the clocks of two nodes.
func TestPush_AWriteThatFailedTakesNoValueAlong(t *testing.T) {
	for name, wrap := range map[string]func(core.Backplane) core.Backplane{
		"a message of its own":       func(b core.Backplane) core.Backplane { return b },
		"a message beside the write": func(b core.Backplane) core.Backplane { return outlets{b} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t)
				gate := newGate(n.server.store)
				channel := n.bus.Channel(hybrid.Channel("app"))
				o := hybrid.Options{Distributed: gate, Backplane: wrap(channel), MessageKeys: [][]byte{keyOf(1)}}
				c := open[string](t, o)
				spy := &eavesdropper{}
				listening, stop := context.WithCancel(t.Context())
				defer stop()
				go func() { _ = n.bus.Channel(hybrid.Channel("app")).Subscribe(listening, spy) }()
				synctest.Wait()
				gate.noWrite.Store(true)
				if outcome := set(t, c, "unordered", core.Push(true)); outcome != core.LocalOnly {
					t.Fatalf("set: %v", outcome)
				}
				synctest.Wait()
				told := false
				for _, msg := range spy.all() {
					told = told || bytes.Contains(msg, []byte("k"))
					if bytes.Contains(msg, []byte("unordered")) {
						t.Error("the value went along")
					}
				}
				if !told {
					t.Error("the others were not told")
				}
				gate.noWrite.Store(false)
			})
		})
	}
}

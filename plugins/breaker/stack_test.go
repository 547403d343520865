// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/chaos"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
	"github.com/fusioncache-go/fusioncache/serializers/jsonser"
)

// Whole stacks in virtual time, whose distributed layer goes wrong.

type memory struct{ entries sync.Map }

func (m *memory) Get(key string) (*core.Entry, bool) {
	e, ok := m.entries.Load(strings.Clone(key))
	if !ok {
		return nil, false
	}
	return e.(*core.Entry), true
}

func (m *memory) Set(key string, e *core.Entry) error { m.entries.Store(key, e); return nil }
func (m *memory) Delete(key string)                   { m.entries.Delete(strings.Clone(key)) }

const factoryTime = 5 * time.Millisecond

// node is a stack with one view, a factory that takes factoryTime, and the plan
// of its distributed layer.
type node struct {
	t     *testing.T
	cache *hybrid.Cache[string]
	store *localdist.Store
	plan  *chaos.Plan
	b     *breaker.Plugin
}

func open(t *testing.T, opts *breaker.Options) *node {
	t.Helper()
	store, err := localdist.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := breaker.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	serializer, err := jsonser.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	plan := chaos.NewPlan(1)
	stack, err := hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      &memory{},
		Distributed: chaos.Distributed(store, plan),
		Serializer:  serializer,
		Plugins:     []core.Plugin{b},
		Defaults: core.EntryOptions{
			TTL: time.Minute, StaleTTL: time.Hour,
			DistributedSoftTimeout: 20 * time.Millisecond, DistributedTimeout: 100 * time.Millisecond,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stack.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	cache, err := hybrid.Of[string](stack, "items")
	if err != nil {
		t.Fatal(err)
	}
	return &node{t, cache, store, plan, b}
}

// load reads key through the factory and returns how long that took.
func (n *node) load(key string) time.Duration {
	n.t.Helper()
	start := time.Now()
	v, err := n.cache.GetOrSet(n.t.Context(), key, func(context.Context, string) (string, error) {
		time.Sleep(factoryTime)
		return "value of " + key, nil
	})
	if err != nil || v != "value of "+key {
		n.t.Errorf("GetOrSet(%s) = %q, %v", key, v, err)
	}
	return time.Since(start)
}

func (n *node) use(f chaos.Faults) {
	n.t.Helper()
	if err := n.plan.Use(f); err != nil {
		n.t.Fatal(err)
	}
}

// For 10 s the layer refuses: every read is answered, and every write can be
// read on its node. Afterwards the layer is in use again within one pause.
func TestSeed_DC9_LayerDownIsNotNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := open(t, nil)
		n.load("before")
		n.use(chaos.Faults{Fail: 1})
		for i := range 1000 {
			key := fmt.Sprint("k", i)
			if took := n.load(key); took > factoryTime+10*time.Millisecond {
				t.Errorf("read %d took %v", i, took)
			}
			if took := n.load("before"); took != 0 {
				t.Errorf("a hit in memory took %v", took)
			}
			if _, err := n.cache.Set(t.Context(), "set"+key, key); err != nil {
				t.Errorf("Set: %v", err)
			}
			if v, ok, err := n.cache.Get(t.Context(), "set"+key); v != key || !ok || err != nil {
				t.Errorf("Get after Set: %q, %v, %v", v, ok, err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		if got := n.b.State(core.LevelDistributed); got != breaker.Open {
			t.Errorf("the breaker is %v", got)
		}
		// Three failures open it; then there is one probe in each half second.
		if got := n.plan.Injected(); got > 3+21 {
			t.Errorf("%d calls reached the layer in 10 s", got)
		}

		n.plan.Calm()
		time.Sleep(breaker.DefaultOpenFor)
		stored := n.store.Len()
		n.load("after")
		n.load("after that")
		if got := n.store.Len() - stored; got < 1 {
			t.Error("the layer is not in use again")
		}
		if got := n.b.State(core.LevelDistributed); got != breaker.Closed {
			t.Errorf("the breaker is %v", got)
		}
	})
}

// A layer that hangs costs one read its time limit, and then one in each pause.
func TestSeed_DC14_HungLayerCostsOneCallInAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := open(t, &breaker.Options{Distributed: breaker.LayerOptions{Failures: 1}})
		n.use(chaos.Faults{Hang: 1})
		if took := n.load("first"); took > 100*time.Millisecond+factoryTime {
			t.Errorf("the first read took %v", took)
		}
		start, slow, reads := time.Now(), 0, 0
		for ; time.Since(start) < 10*time.Second; reads++ {
			switch took := n.load(fmt.Sprint("k", reads)); {
			case took > 100*time.Millisecond+factoryTime:
				t.Errorf("a read took %v", took)
			case took > factoryTime+time.Millisecond:
				slow++
			}
		}
		if slow > 17 || reads < 1000 {
			t.Errorf("%d of %d reads in 10 s were slow, want one in each 600 ms", slow, reads)
		}
		n.plan.Calm()
	})
}

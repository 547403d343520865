// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/distributedtest"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

func TestNew_NamesEveryBadOption(t *testing.T) {
	_, err := breaker.New(&breaker.Options{
		Distributed: breaker.LayerOptions{Failures: -1},
		Backplane:   breaker.LayerOptions{OpenFor: -1},
	})
	for _, name := range []string{"breaker.Options.Distributed.Failures", "breaker.Options.Backplane.OpenFor"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}

func TestInstall_OnceOnly(t *testing.T) {
	p, err := breaker.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.State(core.LevelDistributed); got != breaker.None {
		t.Errorf("before Install the state is %v", got)
	}
	if _, err := core.Install("a", core.NewEvents("a"), []core.Plugin{p}); err != nil {
		t.Fatal(err)
	}
	if _, err := core.Install("b", core.NewEvents("b"), []core.Plugin{p}); err == nil {
		t.Error("a second stack shares the state of the first")
	}
}

func TestInstall_DisabledLeavesLayersAlone(t *testing.T) {
	off := breaker.LayerOptions{Disabled: true}
	r := newRig(t, &breaker.Options{Distributed: off, Backplane: off})
	if r.layer != core.DistributedLayer(r.server) || r.bus != core.Backplane(r.server) {
		t.Error("a disabled breaker wraps its layer")
	}
	r.wantState(breaker.None)
}

func TestInstall_AbsentLayersStayAbsent(t *testing.T) {
	p, err := breaker.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := core.Install("a", core.NewEvents("a"), []core.Plugin{p})
	if err != nil {
		t.Fatal(err)
	}
	if parts.Distributed(nil) != nil || parts.Backplane(nil) != nil {
		t.Error("a layer that does not exist was wrapped")
	}
}

// Abilities that a server may have: two that the plugin knows and one that it
// does not.
type (
	pinging     struct{}
	unknown     struct{}
	arbitrating struct{ server *server }
)

func (pinging) Ping(context.Context) error { return nil }
func (unknown) Lock()                      {}

func (a arbitrating) Arbitrate(ctx context.Context, _ string, _ core.Write) (core.Ruling, error) {
	return core.Ruling{Stored: true}, a.server.call(ctx)
}

func (a arbitrating) ReadHeader(ctx context.Context, _ string) ([]byte, bool, error) {
	return []byte("header"), true, a.server.call(ctx)
}

// able is a server with all of them.
type able struct {
	*server
	pinging
	unknown
	arbitrating
}

func newAble() able {
	s := newServer()
	return able{server: s, arbitrating: arbitrating{s}}
}

// around installs a plugin that opens at the first failure.
func around(t *testing.T) (*breaker.Plugin, *core.Installed) {
	t.Helper()
	one := breaker.LayerOptions{Failures: 1}
	p, err := breaker.New(&breaker.Options{Distributed: one, Backplane: one})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := core.Install("a", core.NewEvents("a"), []core.Plugin{p})
	if err != nil {
		t.Fatal(err)
	}
	return p, parts
}

// Ping asks how the server is now, so it passes even an open breaker.
func TestAbilities_PingPasses(t *testing.T) {
	p, parts := around(t)
	s := newAble()
	s.answers(down)
	layer, bus := parts.Distributed(s), parts.Backplane(s)
	_ = layer.Delete(t.Context(), "k")
	_ = bus.Publish(t.Context(), nil)
	for _, level := range []core.Level{core.LevelDistributed, core.LevelBackplane} {
		if got := p.State(level); got != breaker.Open {
			t.Fatalf("the breaker of the %v level is %v", level, got)
		}
	}
	for _, wrapped := range []any{layer, bus} {
		pinger, ok := core.As[core.Pinger](wrapped)
		if !ok {
			t.Errorf("%T: Ping is gone", wrapped)
		} else if err := pinger.Ping(t.Context()); err != nil {
			t.Errorf("%T: Ping: %v", wrapped, err)
		}
	}
}

func TestAbilities_ArbiterIsBehindTheBreaker(t *testing.T) {
	p, parts := around(t)
	s := newAble()
	layer := parts.Distributed(s)
	arbiter, ok := core.As[core.Arbiter](layer)
	if !ok {
		t.Fatal("the ability is gone")
	}
	if ruling, err := arbiter.Arbitrate(t.Context(), "k", core.Write{}); err != nil || !ruling.Stored {
		t.Errorf("Arbitrate: %+v, %v", ruling, err)
	}
	if header, ok, err := arbiter.ReadHeader(t.Context(), "k"); err != nil || !ok || string(header) != "header" {
		t.Errorf("ReadHeader: %q, %v, %v", header, ok, err)
	}
	s.answers(down)
	_, _ = arbiter.Arbitrate(t.Context(), "k", core.Write{})
	if got := p.State(core.LevelDistributed); got != breaker.Open {
		t.Errorf("after a failed Arbitrate the breaker is %v", got)
	}
	if _, _, err := layer.Get(t.Context(), "k"); !errors.Is(err, breaker.ErrOpen) {
		t.Errorf("Get: got %v, want %v: there is one breaker for all methods", err, breaker.ErrOpen)
	}
	if _, _, err := arbiter.ReadHeader(t.Context(), "k"); !errors.Is(err, breaker.ErrOpen) {
		t.Errorf("ReadHeader: got %v, want %v", err, breaker.ErrOpen)
	}
}

// A wrapped layer has the abilities of the layer that the plugin knows, and no
// others: what it does not know would lead around the breaker.
func TestAbilities_KnownOnesOnly(t *testing.T) {
	s := newServer()
	for name, layer := range map[string]core.DistributedLayer{
		"none": s,
		"ping": struct {
			*server
			pinging
		}{server: s},
		"arbiter": struct {
			*server
			arbitrating
		}{s, arbitrating{s}},
		"all": newAble(),
	} {
		_, parts := around(t)
		for _, part := range []struct{ bare, wrapped any }{
			{layer, parts.Distributed(layer)},
			{layer, parts.Backplane(layer.(core.Backplane))},
		} {
			_, pingsBare := core.As[core.Pinger](part.bare)
			if _, pings := core.As[core.Pinger](part.wrapped); pings != pingsBare {
				t.Errorf("%s: Ping is %v behind the breaker, want %v", name, pings, pingsBare)
			}
			if _, locks := core.As[interface{ Lock() }](part.wrapped); locks {
				t.Errorf("%s: an unknown ability leads around the breaker", name)
			}
		}
		_, arbitratesBare := core.As[core.Arbiter](layer)
		if _, arbitrates := core.As[core.Arbiter](parts.Distributed(layer)); arbitrates != arbitratesBare {
			t.Errorf("%s: Arbiter is %v behind the breaker, want %v", name, arbitrates, arbitratesBare)
		}
	}
}

func TestConformance_Distributed(t *testing.T) {
	layer := func(tb testing.TB, closed bool) core.DistributedLayer {
		store, err := localdist.New(nil)
		if err != nil {
			tb.Fatal(err)
		}
		p, err := breaker.New(nil)
		if err != nil {
			tb.Fatal(err)
		}
		parts, err := core.Install("a", core.NewEvents("a"), []core.Plugin{p})
		if err != nil {
			tb.Fatal(err)
		}
		if closed {
			_ = store.Close()
		}
		return parts.Distributed(store)
	}
	distributedtest.Run(t, distributedtest.Harness{
		New:       func(tb testing.TB) core.DistributedLayer { return layer(tb, false) },
		NewClosed: func(tb testing.TB) core.DistributedLayer { return layer(tb, true) },
		Bubble:    true,
		Features:  distributedtest.Features{Ping: true, Arbiter: true, Batch: true, BatchHeaders: true, NoServer: true},
	})
}

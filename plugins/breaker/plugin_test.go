// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker_test

import (
	"context"
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

// able is a server with an ability that the plugin knows and one that it does
// not.
type able struct{ *server }

func (able) Ping(context.Context) error { return nil }
func (able) Lock()                      {}

// Ping asks how the server is now, so it passes even an open breaker. What the
// plugin does not know is hidden: it would lead around the breaker.
func TestAbilities_PingPassesOthersAreHidden(t *testing.T) {
	p, err := breaker.New(&breaker.Options{
		Distributed: breaker.LayerOptions{Failures: 1}, Backplane: breaker.LayerOptions{Failures: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := core.Install("a", core.NewEvents("a"), []core.Plugin{p})
	if err != nil {
		t.Fatal(err)
	}
	s := able{newServer()}
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
		if _, ok := core.As[interface{ Lock() }](wrapped); ok {
			t.Errorf("%T: an unknown ability leads around the breaker", wrapped)
		}
	}
	for _, wrapped := range []any{parts.Distributed(newServer()), parts.Backplane(newServer())} {
		if _, ok := core.As[core.Pinger](wrapped); ok {
			t.Errorf("%T: Ping appeared out of nowhere", wrapped)
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
		Features:  distributedtest.Features{Ping: true, NoServer: true},
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos_test

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/backplanetest"
	"github.com/fusioncache-go/fusioncache/core/chaos"
	"github.com/fusioncache-go/fusioncache/core/distributedtest"
)

func newStore(tb testing.TB) *localdist.Store {
	tb.Helper()
	store, err := localdist.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return store
}

func newBus(tb testing.TB, opts *localbus.Options) *localbus.Bus {
	tb.Helper()
	bus, err := localbus.NewBus(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return bus
}

// use makes f the faults of plan.
func use(tb testing.TB, plan *chaos.Plan, f chaos.Faults) {
	tb.Helper()
	if err := plan.Use(f); err != nil {
		tb.Fatal(err)
	}
}

// Without faults the layer keeps the contract, and so it does when its server is
// down or stalled, which the plan can play.
func TestConformance_Distributed(t *testing.T) {
	layer := func(tb testing.TB, f chaos.Faults) core.DistributedLayer {
		plan := chaos.NewPlan(1)
		use(tb, plan, f)
		return chaos.Distributed(newStore(tb), plan)
	}
	distributedtest.Run(t, distributedtest.Harness{
		New: func(tb testing.TB) core.DistributedLayer { return layer(tb, chaos.Faults{}) },
		NewClosed: func(tb testing.TB) core.DistributedLayer {
			store := newStore(tb)
			if err := store.Close(); err != nil {
				tb.Fatal(err)
			}
			return chaos.Distributed(store, chaos.NewPlan(1))
		},
		NewDown:    func(tb testing.TB) core.DistributedLayer { return layer(tb, chaos.Faults{Fail: 1}) },
		NewStalled: func(tb testing.TB) core.DistributedLayer { return layer(tb, chaos.Faults{Hang: 1}) },
		Bubble:     true,
		Features:   distributedtest.Features{Ping: true, Arbiter: true, Batch: true, BatchHeaders: true},
	})
}

func TestConformance_Backplane(t *testing.T) {
	const queue = 64
	backplanetest.Run(t, backplanetest.Harness{
		New: func(tb testing.TB) backplanetest.Channel {
			bus, plan := newBus(tb, &localbus.Options{Queue: queue}), chaos.NewPlan(1)
			var nodes []*localbus.Channel
			return backplanetest.Channel{
				Node: func() core.Backplane {
					nodes = append(nodes, bus.Channel("test"))
					return chaos.Backplane(nodes[len(nodes)-1], plan)
				},
				Closed: func() core.Backplane {
					closed := newBus(tb, nil)
					if err := closed.Close(); err != nil {
						tb.Fatal(err)
					}
					return chaos.Backplane(closed.Channel("test"), plan)
				},
				Cut: func() func() {
					for _, node := range nodes {
						node.Disconnect()
					}
					return func() {
						for _, node := range nodes {
							node.Reconnect()
						}
					}
				},
			}
		},
		Bubble:   true,
		Oversize: 1 + localbus.DefaultMaxMessage,
		Overflow: 3000,
		Features: backplanetest.Features{Ping: true, NoStall: true},
	})
}

func TestAbilities_AreThoseOfThePartInside(t *testing.T) {
	plan := chaos.NewPlan(1)
	for name, bare := range map[string]core.DistributedLayer{
		"both": newStore(t),
		"none": struct{ core.DistributedLayer }{newStore(t)},
		"ping": struct {
			core.DistributedLayer
			core.Pinger
		}{newStore(t), newStore(t)},
		"arbiter": struct {
			core.DistributedLayer
			core.Arbiter
		}{newStore(t), newStore(t)},
	} {
		wrapped := chaos.Distributed(bare, plan)
		_, had := core.As[core.Pinger](bare)
		if _, has := core.As[core.Pinger](wrapped); has != had {
			t.Errorf("%s: Ping is %v, want %v", name, has, had)
		}
		_, had = core.As[core.Arbiter](bare)
		if _, has := core.As[core.Arbiter](wrapped); has != had {
			t.Errorf("%s: Arbiter is %v, want %v", name, has, had)
		}
		if _, leaks := core.As[*localdist.Store](wrapped); leaks {
			t.Errorf("%s: the faults can be passed by", name)
		}
	}
	mute := chaos.Backplane(struct{ core.Backplane }{newBus(t, nil).Channel("a")}, plan)
	if _, ok := core.As[core.Pinger](mute); ok {
		t.Error("Ping appeared out of nowhere")
	}
}

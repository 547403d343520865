// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/chaos"
	"github.com/fusioncache-go/fusioncache/core/distributedtest"
	"github.com/fusioncache-go/fusioncache/core/layer"
)

func newStore(tb testing.TB) *localdist.Store {
	tb.Helper()
	store, err := localdist.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return store
}

// deadline wraps d until the test ends.
func deadline(tb testing.TB, d core.DistributedLayer, opts *layer.DeadlineOptions) core.DistributedLayer {
	tb.Helper()
	bounded, shut, err := layer.Deadline(d, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), time.Minute)
		defer cancel()
		if err := shut(ctx); err != nil {
			tb.Error(err)
		}
	})
	return bounded
}

// must returns the layer that a constructor gives.
func must(tb testing.TB) func(core.DistributedLayer, error) core.DistributedLayer {
	return func(d core.DistributedLayer, err error) core.DistributedLayer {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return d
	}
}

// wrappers are all wrappers, and all of them at once.
func wrappers() map[string]func(testing.TB, core.DistributedLayer) core.DistributedLayer {
	prefixed := func(_ testing.TB, d core.DistributedLayer) core.DistributedLayer { return layer.Prefix(d, "shop:") }
	observed := func(_ testing.TB, d core.DistributedLayer) core.DistributedLayer {
		return layer.Observe(d, core.NewEvents("shop"))
	}
	around := func(_ testing.TB, d core.DistributedLayer) core.DistributedLayer {
		return layer.Around(d, func(ctx context.Context, _ core.Op, _ string, do func(context.Context) error) error { return do(ctx) })
	}
	compressed := func(tb testing.TB, d core.DistributedLayer) core.DistributedLayer {
		return must(tb)(layer.Compress(d, &layer.CompressOptions{MinSize: 1}))
	}
	encrypted := func(tb testing.TB, d core.DistributedLayer) core.DistributedLayer {
		return must(tb)(layer.Encrypt(d, make([]byte, 32)))
	}
	bounded := func(tb testing.TB, d core.DistributedLayer) core.DistributedLayer { return deadline(tb, d, nil) }
	return map[string]func(testing.TB, core.DistributedLayer) core.DistributedLayer{
		"Prefix":   prefixed,
		"Observe":  observed,
		"Around":   around,
		"Compress": compressed,
		"Encrypt":  encrypted,
		"Deadline": bounded,
		"all": func(tb testing.TB, d core.DistributedLayer) core.DistributedLayer {
			return observed(tb, compressed(tb, around(tb, prefixed(tb, encrypted(tb, bounded(tb, d))))))
		},
		"all, the other way round": func(tb testing.TB, d core.DistributedLayer) core.DistributedLayer {
			return bounded(tb, encrypted(tb, prefixed(tb, around(tb, compressed(tb, observed(tb, d))))))
		},
	}
}

func TestConformance(t *testing.T) {
	for name, wrap := range wrappers() {
		faulty := func(tb testing.TB, f chaos.Faults) core.DistributedLayer {
			plan := chaos.NewPlan(1)
			tb.Cleanup(plan.Calm)
			if err := plan.Use(f); err != nil {
				tb.Fatal(err)
			}
			return wrap(tb, chaos.Distributed(newStore(tb), plan))
		}
		t.Run(name, func(t *testing.T) {
			distributedtest.Run(t, distributedtest.Harness{
				New: func(tb testing.TB) core.DistributedLayer { return wrap(tb, newStore(tb)) },
				NewClosed: func(tb testing.TB) core.DistributedLayer {
					store := newStore(tb)
					if err := store.Close(); err != nil {
						tb.Fatal(err)
					}
					return wrap(tb, store)
				},
				NewDown:    func(tb testing.TB) core.DistributedLayer { return faulty(tb, chaos.Faults{Fail: 1}) },
				NewStalled: func(tb testing.TB) core.DistributedLayer { return faulty(tb, chaos.Faults{Hang: 1}) },
				Bubble:     true,
				Features:   distributedtest.Features{Ping: true, Arbiter: true, Batch: true, BatchHeaders: true},
			})
		})
	}
}

// A client that ignores its context keeps the contract inside of a Deadline,
// calm or stalled, and so does a closed Deadline.
func TestConformance_DeadlineAroundADeafLayer(t *testing.T) {
	distributedtest.Run(t, distributedtest.Harness{
		New: func(tb testing.TB) core.DistributedLayer { return deadline(tb, deaf{newStore(tb)}, nil) },
		NewClosed: func(tb testing.TB) core.DistributedLayer {
			bounded, shut, err := layer.Deadline(newStore(tb), nil)
			if err != nil {
				tb.Fatal(err)
			}
			if err := shut(tb.Context()); err != nil {
				tb.Fatal(err)
			}
			return bounded
		},
		NewStalled: func(tb testing.TB) core.DistributedLayer {
			plan := chaos.NewPlan(1)
			if err := plan.Use(chaos.Faults{Hang: 1, Deaf: true}); err != nil {
				tb.Fatal(err)
			}
			bounded := deadline(tb, deaf{chaos.Distributed(newStore(tb), plan)}, nil)
			tb.Cleanup(plan.Calm)
			return bounded
		},
		NewDown: func(tb testing.TB) core.DistributedLayer {
			plan := chaos.NewPlan(1)
			if err := plan.Use(chaos.Faults{Fail: 1}); err != nil {
				tb.Fatal(err)
			}
			return deadline(tb, deaf{chaos.Distributed(newStore(tb), plan)}, nil)
		},
		Bubble: true,
	})
}

// deaf is a layer that ignores contexts and has no abilities.
type deaf struct{ inner core.DistributedLayer }

func (d deaf) Get(ctx context.Context, key string) ([]byte, bool, error) {
	return d.inner.Get(context.WithoutCancel(ctx), key)
}

func (d deaf) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	return d.inner.Set(context.WithoutCancel(ctx), key, data, ttl)
}

func (d deaf) Delete(ctx context.Context, key string) error {
	return d.inner.Delete(context.WithoutCancel(ctx), key)
}

func TestAbilities_AreThoseOfTheLayerInside(t *testing.T) {
	layers := map[string]core.DistributedLayer{
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
	}
	for name, wrap := range wrappers() {
		for what, bare := range layers {
			wrapped := wrap(t, bare)
			_, had := core.As[core.Pinger](bare)
			if _, has := core.As[core.Pinger](wrapped); has != had {
				t.Errorf("%s: of a layer with %s, Ping is %v, want %v", name, what, has, had)
			}
			_, had = core.As[core.Arbiter](bare)
			if _, has := core.As[core.Arbiter](wrapped); has != had {
				t.Errorf("%s: of a layer with %s, Arbiter is %v, want %v", name, what, has, had)
			}
			if _, leaks := core.As[interface{ Len() int }](wrapped); leaks {
				t.Errorf("%s: an unknown ability passes the wrapper by", name)
			}
		}
	}
}

// No wrapper of a layer that conceals values keeps that to itself.
func TestConcealer_IsSeenThroughAllWrappers(t *testing.T) {
	for name, wrap := range wrappers() {
		for what, bare := range map[string]core.DistributedLayer{
			"all abilities": newStore(t), "none": struct{ core.DistributedLayer }{newStore(t)},
		} {
			if inside := wrap(t, must(t)(layer.Encrypt(bare, secret(1)))); !conceals(inside) {
				t.Errorf("%s around Encrypt of a layer with %s conceals nothing", name, what)
			}
			encrypts := name == "Encrypt" || strings.HasPrefix(name, "all")
			if got := conceals(wrap(t, bare)); got != encrypts {
				t.Errorf("%s of a layer with %s conceals: %v", name, what, got)
			}
		}
	}
}

func conceals(d core.DistributedLayer) bool {
	c, ok := core.As[core.Concealer](d)
	return ok && c.Conceals()
}

func TestArbiter_WorksThroughAllWrappers(t *testing.T) {
	header := core.Header{Version: core.Version{Time: 1, Node: 1, Op: 1}, Kind: core.ValueWrite}
	data := append(core.AppendHeader(nil, header), "body"...)
	for name, wrap := range wrappers() {
		arbiter, ok := core.As[core.Arbiter](wrap(t, newStore(t)))
		if !ok {
			t.Errorf("%s: the ability is gone", name)
			continue
		}
		w := core.Write{Mode: core.Fill, Data: data, TTL: time.Minute}
		if ruling, err := arbiter.Arbitrate(t.Context(), "k", w); err != nil || !ruling.Stored {
			t.Errorf("%s: first fill: %+v, %v", name, ruling, err)
		}
		if ruling, err := arbiter.Arbitrate(t.Context(), "k", w); err != nil || ruling.Stored {
			t.Errorf("%s: second fill: %+v, %v", name, ruling, err)
		}
		if got, ok, err := arbiter.ReadHeader(t.Context(), "k"); err != nil || !ok || string(got) != string(data[:core.HeaderSize]) {
			t.Errorf("%s: ReadHeader: %q, %v, %v", name, got, ok, err)
		}
		if _, ok, err := arbiter.ReadHeader(t.Context(), "absent"); err != nil || ok {
			t.Errorf("%s: ReadHeader of an absent key: %v, %v", name, ok, err)
		}
	}
}

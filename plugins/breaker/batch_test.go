// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

// brokenKeys is a layer that fails for keys that begin with "bad".
type brokenKeys struct{ *localdist.Store }

var errBroken = errors.New("broken")

func (b brokenKeys) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	out, err := b.Store.GetMany(ctx, keys)
	for i, key := range keys {
		if strings.HasPrefix(key, "bad") {
			out[i] = core.Got{Err: errBroken}
		}
	}
	return out, err
}

func (b brokenKeys) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	out := make([]core.Ruled, len(writes))
	for i, w := range writes {
		if strings.HasPrefix(w.Key, "bad") {
			out[i].Err = errBroken
		} else {
			out[i].Ruling, out[i].Err = b.Store.Arbitrate(ctx, w.Key, w.Write)
		}
	}
	return out, nil
}

// guarded returns a layer behind a breaker that opens at the second failure.
func guarded(t *testing.T, layer core.DistributedLayer) (core.DistributedLayer, *breaker.Plugin) {
	t.Helper()
	p, err := breaker.New(&breaker.Options{Distributed: breaker.LayerOptions{Failures: 2}})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := core.Install("test", core.NewEvents("test"), []core.Plugin{p})
	if err != nil {
		t.Fatal(err)
	}
	return parts.Distributed(layer), p
}

func TestBatch_HasFailedIfAllOfItHas(t *testing.T) {
	store, err := localdist.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	layer, p := guarded(t, brokenKeys{store})
	reader, _ := core.As[core.BatchReader](layer)
	for range 5 {
		out, err := reader.GetMany(t.Context(), []string{"good", "bad"})
		if err != nil || out[0].Err != nil || !errors.Is(out[1].Err, errBroken) {
			t.Fatalf("got %v, %v", out, err)
		}
	}
	if s := p.State(core.LevelDistributed); s != breaker.Closed {
		t.Errorf("after batches that failed in part the circuit is %v", s)
	}
	for range 2 {
		if out, err := reader.GetMany(t.Context(), []string{"bad", "bad too"}); err != nil || !errors.Is(out[1].Err, errBroken) {
			t.Errorf("got %v, %v", out, err)
		}
	}
	if out, err := reader.GetMany(t.Context(), []string{"good"}); !errors.Is(err, breaker.ErrOpen) {
		t.Errorf("after two that failed: %v, %v", out, err)
	}
	arbiter, _ := core.As[core.BatchArbiter](layer)
	if out, err := arbiter.ArbitrateMany(t.Context(), slices.Repeat([]core.KeyWrite{{Key: "good"}}, 2)); !errors.Is(err, breaker.ErrOpen) {
		t.Errorf("a batch of writes: %v, %v", out, err)
	}
}

func TestBatch_WritesCountToo(t *testing.T) {
	store, err := localdist.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	layer, p := guarded(t, brokenKeys{store})
	arbiter, _ := core.As[core.BatchArbiter](layer)
	for range 2 {
		if out, err := arbiter.ArbitrateMany(t.Context(), []core.KeyWrite{{Key: "bad"}}); err != nil || !errors.Is(out[0].Err, errBroken) {
			t.Errorf("got %v, %v", out, err)
		}
	}
	if s := p.State(core.LevelDistributed); s != breaker.Open {
		t.Errorf("the circuit is %v", s)
	}
}

// concealing is a layer whose server learns no value.
type concealing struct{ core.DistributedLayer }

func (concealing) Conceals() bool { return true }

func TestPlugin_SaysWhetherTheLayerConceals(t *testing.T) {
	store, err := localdist.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, inner := range map[bool]core.DistributedLayer{true: concealing{store}, false: store} {
		layer, _ := guarded(t, inner)
		if c, ok := core.As[core.Concealer](layer); !ok || c.Conceals() != want {
			t.Errorf("not as the layer: %v", want)
		}
	}
}

// A layer without the ability is no reason to open the circuit.
func TestBatch_TheLackOfTheAbilityIsNoFailure(t *testing.T) {
	store, err := localdist.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	layer, p := guarded(t, struct{ core.DistributedLayer }{store})
	reader, _ := core.As[core.BatchReader](layer)
	for range 3 {
		if _, err := reader.GetMany(t.Context(), []string{"k"}); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	}
	if s := p.State(core.LevelDistributed); s != breaker.Closed {
		t.Errorf("the circuit is %v", s)
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/chaos"
	"github.com/fusioncache-go/fusioncache/core/layer"
)

func TestObserve_TellsOfEveryFailure(t *testing.T) {
	plan := chaos.NewPlan(1)
	events := core.NewEvents("shop")
	var heard []core.Event
	events.Listen("test", core.AllKinds, func(ev core.Event) { heard = append(heard, ev) })
	d := layer.Observe(chaos.Distributed(newStore(t), plan), events)
	arbiter, ok := core.As[core.Arbiter](d)
	if !ok {
		t.Fatal("the layer has lost an ability")
	}
	calls := []struct {
		op   core.Op
		call func(ctx context.Context) error
	}{
		{core.OpGet, func(ctx context.Context) error { _, _, err := d.Get(ctx, "k"); return err }},
		{core.OpSet, func(ctx context.Context) error { return d.Set(ctx, "k", []byte("v"), time.Minute) }},
		{core.OpRemove, func(ctx context.Context) error { return d.Delete(ctx, "k") }},
		{core.OpGet, func(ctx context.Context) error { _, _, err := arbiter.ReadHeader(ctx, "k"); return err }},
		{core.OpSet, func(ctx context.Context) error {
			_, err := arbiter.Arbitrate(ctx, "k", core.Write{Mode: core.Force, TTL: time.Minute})
			return err
		}},
	}
	for _, c := range calls {
		if err := c.call(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if len(heard) != 0 {
		t.Errorf("heard %v of calls that succeeded", heard)
	}

	if err := plan.Use(chaos.Faults{Fail: 1}); err != nil {
		t.Fatal(err)
	}
	for i, c := range calls {
		err := c.call(t.Context())
		if len(heard) != i+1 {
			t.Fatalf("%v: %d events, want %d", c.op, len(heard), i+1)
		}
		want := core.Event{Kind: core.LayerFailed, Stack: "shop", Key: "k", Level: core.LevelDistributed, Op: c.op, Err: err}
		if got := heard[i]; got != want || !errors.Is(err, chaos.ErrInjected) {
			t.Errorf("%v: heard %+v of the error %v", c.op, got, err)
		}
	}

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range calls {
		if err := c.call(cancelled); !errors.Is(err, context.Canceled) {
			t.Errorf("%v: got %v, want %v", c.op, err, context.Canceled)
		}
	}
	if len(heard) != len(calls) {
		t.Error("what the caller cancelled was told as a failure of the layer")
	}
}

func TestObserve_WithoutEvents(t *testing.T) {
	store := newStore(t)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := layer.Observe(store, nil).Delete(t.Context(), "k"); err == nil {
		t.Error("no error")
	}
}

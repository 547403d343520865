// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/chaos"
	"github.com/fusioncache-go/fusioncache/core/layer"
)

// diary notes the calls that it is around.
type diary struct{ calls []string }

func (d *diary) wrap(ctx context.Context, op core.Op, key string, do func(context.Context) error) error {
	err := do(context.WithValue(ctx, d, op))
	d.calls = append(d.calls, fmt.Sprintf("%v %q %t", op, key, err == nil))
	return err
}

func TestAround_IsAroundEveryCall(t *testing.T) {
	var d diary
	plan := chaos.NewPlan(1)
	l := layer.Around(chaos.Distributed(newStore(t), plan), d.wrap)
	arbiter, _ := core.As[core.Arbiter](l)
	reader, _ := core.As[core.BatchReader](l)
	headers, _ := core.As[core.BatchHeaderReader](l)
	calls := func(want string) {
		t.Helper()
		d.calls = nil
		_ = l.Set(t.Context(), "k", []byte("v"), time.Minute)
		_, _, _ = l.Get(t.Context(), "k")
		_, _, _ = arbiter.ReadHeader(t.Context(), "k")
		_, _ = reader.GetMany(t.Context(), []string{"k", "j"})
		_, _ = headers.ReadHeaders(t.Context(), []string{"k", "j"})
		_ = l.Delete(t.Context(), "k")
		if got := fmt.Sprint(d.calls); got != want {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	}
	calls(`[set "k" true get "k" true get "k" true get "" true get "" true remove "k" true]`)
	if err := plan.Use(chaos.Faults{Fail: 1}); err != nil {
		t.Fatal(err)
	}
	calls(`[set "k" false get "k" false get "k" false get "" false get "" false remove "k" false]`)
}

// A wrap may refuse a call, and what the layer gave is not seen then.
func TestAround_RefusalIsTheOutcome(t *testing.T) {
	store, refused := newStore(t), errors.New("refused")
	if err := store.Set(t.Context(), "k", []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	l := layer.Around(store, func(ctx context.Context, _ core.Op, _ string, do func(context.Context) error) error {
		return errors.Join(do(ctx), refused)
	})
	if data, ok, err := l.Get(t.Context(), "k"); data != nil || ok || !errors.Is(err, refused) {
		t.Errorf("%q, %v, %v", data, ok, err)
	}
}

// failsFor fails for one key of a batch.
type failsFor struct{ core.DistributedLayer }

var errOne = errors.New("one has failed")

func (failsFor) GetMany(_ context.Context, keys []string) ([]core.Got, error) {
	out := make([]core.Got, len(keys))
	out[slices.Index(keys, "bad")].Err = errOne
	return out, nil
}

func TestAround_PartOfABatchFailsAlone(t *testing.T) {
	var d diary
	l := layer.Around(failsFor{newStore(t)}, d.wrap)
	reader, _ := core.As[core.BatchReader](l)
	out, err := reader.GetMany(t.Context(), []string{"good", "bad"})
	if err != nil || len(out) != 2 || out[0].Err != nil || !errors.Is(out[1].Err, errOne) {
		t.Errorf("%+v, %v", out, err)
	}
	if want := []string{`get "" false`}; !slices.Equal(d.calls, want) {
		t.Errorf("%q, want %q", d.calls, want)
	}
}

// outlet is a backplane that has one.
type outlet struct{ core.Backplane }

func (outlet) Outlet() core.Outlet { return core.Outlet{Server: 1, Channel: "c"} }

// A batch that the layer does not take is no call of it that has failed.
func TestAround_LackOfAnAbilityIsNoCall(t *testing.T) {
	store := newStore(t)
	bare := struct {
		core.DistributedLayer
		core.Arbiter
	}{store, store}
	for inside, most := range map[core.DistributedLayer]int{bare: 0, layer.Prefix(bare, "x:"): 3} {
		var d diary
		l := layer.Around(inside, d.wrap)
		reader, _ := core.As[core.BatchReader](l)
		headers, _ := core.As[core.BatchHeaderReader](l)
		arbiter, _ := core.As[core.BatchArbiter](l)
		for range 3 {
			_, errReads := reader.GetMany(t.Context(), []string{"k", "j"})
			_, errHeaders := headers.ReadHeaders(t.Context(), []string{"k", "j"})
			_, errWrites := arbiter.ArbitrateMany(t.Context(), []core.KeyWrite{{Key: "k"}, {Key: "j"}})
			for _, err := range []error{errReads, errHeaders, errWrites} {
				if !errors.Is(err, errors.ErrUnsupported) {
					t.Errorf("got %v, want ErrUnsupported", err)
				}
			}
		}
		if len(d.calls) != most || strings.Contains(fmt.Sprint(d.calls), "false") {
			t.Errorf("calls %q, want %d, none of them failed", d.calls, most)
		}
	}
}

func TestAroundBackplane_IsAroundPublications(t *testing.T) {
	bus, err := localbus.NewBus(nil)
	if err != nil {
		t.Fatal(err)
	}
	var d diary
	b := layer.AroundBackplane(outlet{bus.Channel("c")}, d.wrap)
	if err := b.Publish(t.Context(), []byte("m")); err != nil {
		t.Error(err)
	}
	if want := []string{`publish "" true`}; !slices.Equal(d.calls, want) {
		t.Errorf("%q, want %q", d.calls, want)
	}
	if owner, ok := core.As[core.OutletOwner](b); !ok || owner.Outlet().Channel != "c" {
		t.Error("the outlet is gone")
	}
}

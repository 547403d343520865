// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/chaos"
)

func TestDistributed_FailAppliesNothing(t *testing.T) {
	store, plan := newStore(t), chaos.NewPlan(1)
	layer := chaos.Distributed(store, plan)
	use(t, plan, chaos.Faults{Fail: 1})
	err := layer.Set(t.Context(), "k", []byte("v"), time.Minute)
	if !errors.Is(err, chaos.ErrInjected) || !strings.Contains(err.Error(), `set "k"`) {
		t.Errorf("got %v, want %v with operation and key", err, chaos.ErrInjected)
	}
	if store.Len() != 0 {
		t.Error("the failed write was applied")
	}
	for name, err := range otherCalls(t, layer) {
		if !errors.Is(err, chaos.ErrInjected) {
			t.Errorf("%s: got %v, want %v", name, err, chaos.ErrInjected)
		}
	}
}

// otherCalls makes every call but Set and returns their errors.
func otherCalls(t *testing.T, layer core.DistributedLayer) map[string]error {
	t.Helper()
	ctx := t.Context()
	pinger, pings := core.As[core.Pinger](layer)
	arbiter, arbitrates := core.As[core.Arbiter](layer)
	if !pings || !arbitrates {
		t.Fatal("the layer has lost its abilities")
	}
	_, _, get := layer.Get(ctx, "k")
	_, arbitrate := arbiter.Arbitrate(ctx, "k", core.Write{Mode: core.Force, Data: write("v"), TTL: time.Minute})
	_, _, read := arbiter.ReadHeader(ctx, "k")
	return map[string]error{
		"Get":        get,
		"Delete":     layer.Delete(ctx, "k"),
		"Ping":       pinger.Ping(ctx),
		"Arbitrate":  arbitrate,
		"ReadHeader": read,
	}
}

// write returns a value that a layer can arbitrate.
func write(body string) []byte {
	header := core.Header{Version: core.Version{Time: 1, Node: 1, Op: 1}, Kind: core.ValueWrite}
	return append(core.AppendHeader(nil, header), body...)
}

func TestDistributed_FailAfterAppliesAll(t *testing.T) {
	store, plan := newStore(t), chaos.NewPlan(1)
	layer := chaos.Distributed(store, plan)
	use(t, plan, chaos.Faults{FailAfter: 1})
	if err := layer.Set(t.Context(), "k", []byte("v"), time.Minute); !errors.Is(err, chaos.ErrInjected) {
		t.Errorf("got %v, want %v", err, chaos.ErrInjected)
	}
	if data, ok, err := store.Get(t.Context(), "k"); err != nil || !ok || string(data) != "v" {
		t.Errorf("the write is not there: %q, %v, %v", data, ok, err)
	}
	if data, ok, err := layer.Get(t.Context(), "k"); data != nil || ok || !errors.Is(err, chaos.ErrInjected) {
		t.Errorf("Get: %q, %v, %v", data, ok, err)
	}
	arbiter, _ := core.As[core.Arbiter](layer)
	ruling, err := arbiter.Arbitrate(t.Context(), "a", core.Write{Mode: core.Force, Data: write("v"), TTL: time.Minute})
	if ruling != (core.Ruling{}) || !errors.Is(err, chaos.ErrInjected) {
		t.Errorf("Arbitrate: %+v, %v", ruling, err)
	}
	if data, _, _ := store.Get(t.Context(), "a"); !bytes.Equal(data, write("v")) {
		t.Errorf("the arbitrated write is not there: %q", data)
	}
}

func TestDistributed_HangEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		applied := 0
		for seed := range uint64(20) {
			store, plan := newStore(t), chaos.NewPlan(seed)
			layer := chaos.Distributed(store, plan)
			use(t, plan, chaos.Faults{Hang: 1})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			start := time.Now()
			err := layer.Set(ctx, "k", []byte("v"), time.Minute)
			if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
				t.Errorf("got %v after %v", err, took)
			}
			cancel()
			applied += store.Len()
		}
		if applied == 0 || applied == 20 {
			t.Errorf("%d of 20 writes that were given up were applied, want some", applied)
		}
	})
}

func TestDistributed_HangEndsWithThePhase(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			store, plan := newStore(t), chaos.NewPlan(1)
			layer := chaos.Distributed(store, plan)
			use(t, plan, chaos.Faults{Hang: 1, Deaf: deaf})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- layer.Set(ctx, "k", []byte("v"), time.Minute) }()
			synctest.Wait()
			if deaf {
				cancel()
				synctest.Wait()
			}
			if len(ended) != 0 {
				t.Fatal("the call does not hang")
			}
			plan.Calm()
			err := <-ended
			cancel()
			if !deaf && (err != nil || store.Len() != 1) {
				t.Errorf("the call did not go on: %v, %d entries", err, store.Len())
			}
		})
	}
}

func TestDistributed_DelayKeepsBoundAndContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := chaos.NewPlan(1)
		layer := chaos.Distributed(newStore(t), plan)
		use(t, plan, chaos.Faults{Delay: 1, MaxDelay: time.Second})
		var total time.Duration
		for range 100 {
			start := time.Now()
			if err := layer.Delete(t.Context(), "k"); err != nil {
				t.Error(err)
			}
			took := time.Since(start)
			if took >= time.Second {
				t.Errorf("a delay of %v", took)
			}
			total += took
		}
		if total < 30*time.Second || total > 70*time.Second {
			t.Errorf("100 delays took %v, want about half of the longest each", total)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		defer cancel()
		if err := layer.Delete(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}

func TestDistributed_GarbleChangesWhatIsReadOnly(t *testing.T) {
	store, plan := newStore(t), chaos.NewPlan(1)
	layer := chaos.Distributed(store, plan)
	use(t, plan, chaos.Faults{Garble: 1})
	value := []byte("a value of some length")
	if err := layer.Set(t.Context(), "k", value, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := layer.Set(t.Context(), "empty", nil, time.Minute); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		for key, was := range map[string][]byte{"k": value, "empty": nil} {
			if data, ok, err := layer.Get(t.Context(), key); err != nil || !ok || bytes.Equal(data, was) {
				t.Fatalf("Get(%s) = %q, %v, %v", key, data, ok, err)
			}
		}
		if data, ok, err := layer.Get(t.Context(), "absent"); data != nil || ok || err != nil {
			t.Fatalf("a miss became %q, %v, %v", data, ok, err)
		}
	}
	if data, _, _ := store.Get(t.Context(), "k"); !bytes.Equal(data, value) {
		t.Errorf("the store holds %q", data)
	}
}

func TestDistributed_DoneContextMeetsNoFault(t *testing.T) {
	plan := chaos.NewPlan(1)
	layer := chaos.Distributed(newStore(t), plan)
	use(t, plan, chaos.Faults{Fail: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := layer.Delete(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

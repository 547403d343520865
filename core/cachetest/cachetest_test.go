// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package cachetest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/cachetest"
	"github.com/fusioncache-go/fusioncache/core/distributedtest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/memorytest"
)

func TestMemory_KeepsTheContract(t *testing.T) {
	memorytest.Run(t, memorytest.Harness{
		New:      func(testing.TB) core.MemoryLayer { return cachetest.NewMemory() },
		Features: memorytest.Features{Clear: true, Len: true, Unbounded: true, AnySize: true},
	})
}

func TestServer_KeepsTheContract(t *testing.T) {
	distributedtest.Run(t, distributedtest.Harness{
		New:      func(testing.TB) core.DistributedLayer { return cachetest.NewServer() },
		Bubble:   true,
		Features: distributedtest.Features{Ping: true, Arbiter: true, NoServer: true, NoClose: true},
	})
}

func TestWorld_NodesSeeEachOthersWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := cachetest.NewWorld()
		a := hybrid.Must(hybrid.Of[int](w.Open(t, nil), "v"))
		b := hybrid.Must(hybrid.Of[int](w.Open(t, nil), "v"))
		time.Sleep(5 * time.Second)
		for want := range 3 {
			if _, err := a.Set(t.Context(), "k", want); err != nil {
				t.Fatal(err)
			}
			if v, ok, err := b.Get(t.Context(), "k"); v != want || !ok || err != nil {
				t.Errorf("got %d, %v, %v, want %d", v, ok, err, want)
			}
		}
		if w.Events.Count(core.Written) != 3 {
			t.Errorf("events: %+v", w.Events.Events(core.AllKinds))
		}
	})
}

func TestWorld_ServerAndBusFailOnCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := cachetest.NewWorld()
		c := hybrid.Must(hybrid.Of[int](w.Open(t, nil), "v"))
		down := errors.New("down")
		w.Server.Fail(down)
		w.Bus.Fail(down)
		outcome, err := c.Set(t.Context(), "k", 1, core.ReturnLayerErrors(true))
		if outcome != core.LocalOnly || !errors.Is(err, down) {
			t.Errorf("got %v, %v", outcome, err)
		}
		w.Server.Fail(nil)
		w.Bus.Fail(nil)
		w.Server.Delay(time.Second)
		start := time.Now()
		if _, _, err := c.Get(t.Context(), "other"); err != nil {
			t.Error(err)
		}
		if time.Since(start) < 500*time.Millisecond {
			t.Error("the server is not slow")
		}
		w.Server.Delay(0)
	})
}

func TestFactory_PlaysItsScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if _, err := new(cachetest.Factory[int]).Load(t.Context(), "k"); !errors.Is(err, cachetest.ErrNoScript) {
			t.Error(err)
		}
		f := cachetest.Returns(1).Then(func() (int, error) { panic("x") }).Taking(time.Second)
		start := time.Now()
		if v, err := f.Load(t.Context(), "k"); v != 1 || err != nil || time.Since(start) != time.Second {
			t.Errorf("got %d, %v after %v", v, err, time.Since(start))
		}
		within, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := f.Load(within, "k"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		defer func() {
			if recover() != "x" {
				t.Error("it does not panic")
			}
		}()
		_, _ = f.Load(t.Context(), "k")
	})
}

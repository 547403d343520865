// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func lengths(keys string) map[string]int {
	out := map[string]int{}
	for _, key := range strings.Fields(keys) {
		out[key] = len(key)
	}
	return out
}

func expectOutcome(t *testing.T, outcome core.Outcome, err error, want core.Outcome) {
	t.Helper()
	if outcome != want || err != nil {
		t.Errorf("got %v, %v, want %v", outcome, err, want)
	}
}

func TestSetMany_OneCallAndTheOtherNodesHear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, bus := newBatched(), hybrid.Must(localbus.NewBus(nil))
		node := func() *hybrid.Cache[int] {
			return open[int](t, hybrid.Options{Distributed: server, Backplane: bus.Channel(hybrid.Channel("app"))})
		}
		a, b := node(), node()
		synctest.Wait()
		for _, key := range []string{"a", "bb"} {
			_, _ = b.Set(t.Context(), key, 100)
		}
		synctest.Wait()
		server.writes.Store(0)
		outcome, err := a.SetMany(t.Context(), lengths("a bb ccc dddd"), core.Tags("tag"))
		expectOutcome(t, outcome, err, core.Committed)
		if many, single := server.manyWrites.Load(), server.writes.Load(); many != 1 || single != 0 {
			t.Errorf("%d batches and %d single writes, want one batch", many, single)
		}
		synctest.Wait()
		for _, c := range []*hybrid.Cache[int]{a, b} {
			got, err := c.GetMany(t.Context(), strings.Fields("a bb ccc dddd"))
			expectMany(t, got, err, "a bb ccc dddd")
		}
		outcome, err = b.RemoveMany(t.Context(), []string{"a", "bb", "a"})
		expectOutcome(t, outcome, err, core.Committed)
		if many, single := server.manyWrites.Load(), server.writes.Load(); many != 2 || single != 0 {
			t.Errorf("%d batches and %d single writes, want two batches", many, single)
		}
		synctest.Wait()
		got, err := a.GetMany(t.Context(), strings.Fields("a bb ccc dddd"))
		expectMany(t, got, err, "ccc dddd")
		_, _ = a.Stack().RemoveByTag(t.Context(), "tag")
		got, err = a.GetMany(t.Context(), strings.Fields("ccc dddd"))
		expectMany(t, got, err, "")
	})
}

// A batch takes its place among the other writes of each key, and waits for none
// while it holds up another.
func TestSetMany_KeepsTheOrderOfEachKey(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer})
		fresh := func() *hybrid.Cache[int] { return open[int](t, hybrid.Options{Distributed: layer}) }
		var writers sync.WaitGroup
		for i := range 20 {
			writers.Go(func() {
				for n := range 10 {
					if i%2 == 0 {
						_, _ = c.SetMany(t.Context(), map[string]int{"a": i*100 + n, "b": i*100 + n, "c": i*100 + n})
					} else {
						_, _ = c.Set(t.Context(), string(rune('a'+n%3)), i*100+n)
					}
				}
			})
		}
		writers.Wait()
		if layer == nil {
			return
		}
		mine, _ := c.GetMany(t.Context(), []string{"a", "b", "c"})
		theirs, _ := fresh().GetMany(t.Context(), []string{"a", "b", "c"})
		if len(mine) != 3 || fmt.Sprint(mine) != fmt.Sprint(theirs) {
			t.Errorf("the last writes in memory are %v, in the distributed layer %v", mine, theirs)
		}
	})
}

func TestSetMany_WaitsForTheTurnOfAKeyAndHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := open[int](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{DistributedTimeout: time.Hour}})
		_, _ = c.Set(t.Context(), "warm", 1) // the marks are known
		server.slow.be(time.Second)
		go func() { _, _ = c.Set(t.Context(), "a", 100) }()
		synctest.Wait()
		start := time.Now()
		go func() {
			time.Sleep(100 * time.Millisecond)
			_, _ = c.Set(t.Context(), "bb", 2) // behind the batch, not behind the Set of a
			if took := time.Since(start); took != 2*time.Second {
				t.Errorf("a write of a key of the batch took %v", took)
			}
		}()
		outcome, err := c.SetMany(t.Context(), lengths("a bb"))
		expectOutcome(t, outcome, err, core.Committed)
		server.slow.be(0)
		synctest.Wait()
		time.Sleep(time.Second)
		got, err := open[int](t, hybrid.Options{Distributed: server}).GetMany(t.Context(), []string{"a", "bb"})
		expectMany(t, got, err, "a bb")
	})
}

func TestSetMany_AKeyWhoseTurnComesDoesNotWaitForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := open[int](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{DistributedTimeout: time.Hour}})
		_, _ = c.Set(t.Context(), "warm", 1) // the marks are known
		server.slow.be(time.Second)
		go func() { _, _ = c.Set(t.Context(), "a", 100) }()
		time.Sleep(500 * time.Millisecond)
		start := time.Now()
		outcome, err := c.SetMany(t.Context(), lengths("a bb"))
		expectOutcome(t, outcome, err, core.Committed)
		if took := time.Since(start); took != 1500*time.Millisecond {
			t.Errorf("took %v: half a second for the other write of a, and one for its own", took)
		}
	})
}

func TestSetMany_WithoutAServerIsLocalOnlyAndMadeGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := open[int](t, hybrid.Options{Distributed: server})
		server.down.Store(true)
		outcome, err := c.SetMany(t.Context(), lengths("a bb ccc"))
		expectOutcome(t, outcome, err, core.LocalOnly)
		got, err := c.GetMany(t.Context(), strings.Fields("a bb ccc"))
		expectMany(t, got, err, "a bb ccc")
		outcome, err = c.RemoveMany(t.Context(), []string{"ccc"}, core.ReturnLayerErrors(true))
		if outcome != core.LocalOnly || failedKeys(t, err) != "ccc" || !errors.Is(err, errServer) {
			t.Errorf("got %v, %v", outcome, err)
		}
		server.down.Store(false)
		time.Sleep(time.Minute)
		got, err = open[int](t, hybrid.Options{Distributed: server}).GetMany(t.Context(), strings.Fields("a bb ccc"))
		expectMany(t, got, err, "a bb")
	})
}

func TestSetMany_InTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := open[int](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{BackgroundWrites: true}})
		server.slow.be(100 * time.Millisecond)
		start := time.Now()
		outcome, err := c.SetMany(t.Context(), lengths("a bb ccc"))
		expectOutcome(t, outcome, err, core.LocalOnly)
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v", took)
		}
		_ = c.Stack().Close(t.Context())
		got, err := open[int](t, hybrid.Options{Distributed: server}).GetMany(t.Context(), strings.Fields("a bb ccc"))
		expectMany(t, got, err, "a bb ccc")
	})
}

func TestSetMany_AValueThatCannotBeEncodedFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := open[any](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{ReturnLayerErrors: true}})
		outcome, err := c.SetMany(t.Context(), map[string]any{"good": 1, "bad": make(chan int), "fine": 2})
		if outcome != 0 || failedKeys(t, err) != "bad" {
			t.Errorf("got %v, %v", outcome, err)
		}
		got, err := open[any](t, hybrid.Options{Distributed: server}).GetMany(t.Context(), []string{"good", "bad", "fine"})
		if len(got) != 2 || err != nil {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// The outcome is the worst of all, and a key that is refused has none.
func TestSetMany_AKeyThatIsRefusedHasNoOutcome(t *testing.T) {
	c := open[int](t, hybrid.Options{})
	outcome, err := c.SetMany(t.Context(), map[string]int{"": 0, "a": 1})
	if outcome != 0 || !errors.Is(keyErrors(t, err)[""], core.ErrKey) {
		t.Errorf("SetMany: got %v, %v", outcome, err)
	}
	outcome, err = c.RemoveMany(t.Context(), []string{"", "b"})
	if outcome != 0 || !errors.Is(keyErrors(t, err)[""], core.ErrKey) {
		t.Errorf("RemoveMany: got %v, %v", outcome, err)
	}
	got, err := c.GetMany(t.Context(), []string{"a"})
	expectMany(t, got, err, "a")
}

func TestKeyed_Many(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		byID := hybrid.NewKeyed(open[string](t, hybrid.Options{Distributed: layer}), hybrid.IntKey[int])
		outcome, err := byID.SetMany(t.Context(), map[int]string{1: "one", 2: "two"})
		expectOutcome(t, outcome, err, core.Committed)
		var asked []int
		got, err := byID.GetOrSetMany(t.Context(), []int{1, 2, 3, 4, 5, 3}, func(_ context.Context, ids []int) (map[int]string, error) {
			asked = append(asked, ids...)
			return map[int]string{3: "three"}, core.KeyErrors[int]{4: errBoom}
		})
		if len(asked) != 3 || fmt.Sprint(got) != "map[1:one 2:two 3:three]" {
			t.Errorf("got %v, asked for %v", got, asked)
		}
		if errs, _ := errors.AsType[core.KeyErrors[int]](err); len(errs) != 1 || !errors.Is(errs[4], errBoom) {
			t.Errorf("got %v", err)
		}
		outcome, err = byID.RemoveMany(t.Context(), []int{1, 3})
		expectOutcome(t, outcome, err, core.Committed)
		got, err = byID.GetMany(t.Context(), []int{1, 2, 3, 4})
		if fmt.Sprint(got) != "map[2:two]" || err != nil {
			t.Errorf("got %v, %v", got, err)
		}
		item, err := byID.Lookup(t.Context(), 2)
		if x, also := byID.Explain(t.Context(), 2); item.Value != "two" || !x.Memory.Found || err != nil || also != nil {
			t.Errorf("got %+v, %+v, %v, %v", item, x, err, also)
		}
	})
}

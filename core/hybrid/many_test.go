// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestGetOrSetMany_OneReadOfTheServerAndOneCallOfTheFactory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		other := open[int](t, hybrid.Options{Distributed: server})
		_, _ = other.Set(t.Context(), "bb", 2)
		_, _ = other.Set(t.Context(), "ccc", 3)
		c := open[int](t, hybrid.Options{Distributed: server})
		_, _ = c.Set(t.Context(), "a", 1)
		f := &M{delay: time.Second}
		keys := strings.Fields("a bb ccc dddd eeeee ffffff dddd")
		for range 2 {
			got, err := c.GetOrSetMany(t.Context(), keys, f.load)
			expectMany(t, got, err, "a bb ccc dddd eeeee ffffff")
		}
		expectAsked(t, f, "dddd eeeee ffffff")
		if many, single := server.manyGets.Load(), server.gets.Load(); many != 1 || single != 0 {
			t.Errorf("%d reads of many keys and %d of one, want one of many", many, single)
		}
		got, err := other.GetMany(t.Context(), keys)
		expectMany(t, got, err, "a bb ccc dddd eeeee ffffff")
	})
}

func TestGetOrSetMany_WithoutTheAbilityOfTheLayer(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer})
		f := &M{}
		var keys []string
		for i := range 100 {
			keys = append(keys, strings.Repeat("k", i+1))
		}
		got, err := c.GetOrSetMany(t.Context(), keys, f.load)
		expectMany(t, got, err, strings.Join(keys, " "))
		if n := len(f.calls()); n != 1 {
			t.Errorf("%d calls of the factory, want 1", n)
		}
		_, _ = c.RemoveMany(t.Context(), keys[:50])
		got, err = c.GetMany(t.Context(), keys)
		expectMany(t, got, err, strings.Join(keys[50:], " "))
	})
}

func TestGetOrSetMany_SharesFlightsWithSingleLoadsAndOtherBatches(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer})
		first, second := &M{delay: time.Second}, &M{delay: time.Second}
		single := &F[int]{delay: time.Second, results: []func() (int, error){returns(1)}}
		crowd(3, func(i int) {
			switch i {
			case 0:
				got, err := c.GetOrSetMany(t.Context(), strings.Fields("a bb ccc"), first.load)
				expectMany(t, got, err, "a bb ccc")
			case 1:
				pause(t.Context(), 100*time.Millisecond, false)
				got, err := c.GetOrSetMany(t.Context(), strings.Fields("ccc bb dddd"), second.load)
				expectMany(t, got, err, "ccc bb dddd")
			case 2:
				pause(t.Context(), 200*time.Millisecond, false)
				if v, err := c.GetOrSet(t.Context(), "a", single.load); v != 1 || err != nil {
					t.Errorf("got %v, %v", v, err)
				}
			}
		})
		expectAsked(t, first, "a bb ccc")
		expectAsked(t, second, "dddd")
		if n := single.calls.Load(); n != 0 {
			t.Errorf("%d single loads, want none", n)
		}
	})
}

// Batches of the same keys in all orders neither wait for each other in a circle nor
// load a key twice.
func TestGetOrSetMany_OverlappingBatchesLoadEachKeyOnce(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer})
		f := &M{delay: time.Second}
		crowd(40, func(i int) {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			var keys []string
			for _, n := range random.Perm(30)[:10] {
				keys = append(keys, strings.Repeat("k", n+1))
			}
			got, err := c.GetOrSetMany(t.Context(), keys, f.load)
			expectMany(t, got, err, strings.Join(keys, " "))
		})
		for key, n := range f.times() {
			if n != 1 {
				t.Errorf("%d loads of a key of %d bytes", n, len(key))
			}
		}
	})
}

func TestGetOrSetMany_LoadingAnyOfItsOwnKeysIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		got, err := c.GetOrSetMany(t.Context(), strings.Fields("a bb ccc"), func(ctx context.Context, keys []string) (map[string]int, error) {
			for _, key := range keys {
				if _, err := c.GetOrSet(ctx, key, loadOne); !errors.Is(err, core.ErrRecursiveLoad) {
					t.Errorf("%s: %v, want that it is the factory's own", key, err)
				}
			}
			inner, err := c.GetOrSetMany(ctx, []string{"ccc", "dddd"}, (&M{}).load)
			expectMany(t, inner, nil, "dddd")
			if failedKeys(t, err) != "ccc" {
				t.Errorf("nested batch: %v", err)
			}
			return (&M{}).load(ctx, keys)
		})
		expectMany(t, got, err, "a bb ccc")
	})
}

// Two batches whose factories load keys of each other would wait for ever.
func TestGetOrSetMany_FactoriesInACircleEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		batch := func(keys, inner string) {
			got, err := c.GetOrSetMany(t.Context(), strings.Fields(keys), func(ctx context.Context, keys []string) (map[string]int, error) {
				pause(ctx, time.Second, false)
				got, err := c.GetOrSetMany(ctx, strings.Fields(inner), (&M{}).load)
				expectMany(t, got, err, inner)
				return (&M{}).load(ctx, keys)
			})
			expectMany(t, got, err, keys)
		}
		crowd(2, func(i int) {
			if i == 0 {
				batch("a bb", "dddd")
			} else {
				batch("ccc dddd", "bb")
			}
		})
	})
}

func TestGetOrSetMany_CountsAsOneFactory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{MaxFactories: 1})
		f := &M{delay: time.Second}
		for range 3 { // the count goes back to zero
			got, err := c.GetOrSetMany(t.Context(), strings.Fields("a bb ccc dddd"), f.load)
			expectMany(t, got, err, "a bb ccc dddd")
			_, _ = c.RemoveMany(t.Context(), strings.Fields("a bb ccc dddd"))
		}
		go func() { _, _ = c.GetOrSet(t.Context(), "busy", (&F[int]{delay: time.Second}).load) }()
		synctest.Wait()
		if _, err := c.GetOrSetMany(t.Context(), []string{"a", "bb"}, f.load); failedKeys(t, err) != "a bb" || !errors.Is(err, core.ErrOverload) {
			t.Errorf("beside another factory: %v", err)
		}
	})
}

func TestGetOrSetMany_ARemovalDuringTheLoadIsNotUndone(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer})
		f := &M{delay: time.Second}
		go func() { _, _ = c.GetOrSetMany(t.Context(), []string{"a", "bb"}, f.load) }()
		synctest.Wait()
		time.Sleep(500 * time.Millisecond)
		_, _ = c.Remove(t.Context(), "bb")
		time.Sleep(time.Second)
		got, err := c.GetMany(t.Context(), []string{"a", "bb"})
		expectMany(t, got, err, "a")
	})
}

func TestMany_BadKeysFailAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		long := strings.Repeat("k", core.MaxKeyLen+1)
		f := &M{}
		got, err := c.GetOrSetMany(t.Context(), []string{"a", "", long}, f.load)
		expectMany(t, got, nil, "a")
		if errs := keyErrors(t, err); len(errs) != 2 || !errors.Is(errs[""], core.ErrKey) || !errors.Is(errs[long], core.ErrKey) {
			t.Errorf("got %v", err)
		}
		if _, err := c.SetMany(t.Context(), map[string]int{"": 1, "a": 5}); len(keyErrors(t, err)) != 1 {
			t.Errorf("set: %v", err)
		}
		if _, err := c.RemoveMany(t.Context(), []string{"", "a", "a"}); len(keyErrors(t, err)) != 1 {
			t.Errorf("remove: %v", err)
		}
		if got, err := c.GetMany(t.Context(), []string{"a"}); len(got) != 0 || err != nil {
			t.Errorf("removed: %v, %v", got, err)
		}
	})
}

func TestMany_OfNothingAndOfAClosedStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		f := &M{}
		got, err := c.GetOrSetMany(t.Context(), nil, f.load)
		expectMany(t, got, err, "")
		if outcome, err := c.SetMany(t.Context(), nil); outcome != core.Committed || err != nil {
			t.Errorf("set nothing: %v, %v", outcome, err)
		}
		expectAsked(t, f)
		_, _ = c.Set(t.Context(), "a", 1)
		_ = c.Stack().Close(t.Context())
		for name, err := range map[string]error{
			"get":    errOf(c.GetMany(t.Context(), []string{"a"})),
			"load":   errOf(c.GetOrSetMany(t.Context(), []string{"a"}, f.load)),
			"set":    errOf(c.SetMany(t.Context(), map[string]int{"a": 1})),
			"remove": errOf(c.RemoveMany(t.Context(), []string{"a"})),
		} {
			if !errors.Is(err, core.ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func errOf[T any](_ T, err error) error { return err }

func TestKeyErrors_NameTheFirstKeys(t *testing.T) {
	errs := core.KeyErrors[int]{}
	for i := range 5 {
		errs[i] = fmt.Errorf("e%d", i)
	}
	if got, want := errs.Error(), `5 keys failed: "0": e0; "1": e1; "2": e2 ...`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := (core.KeyErrors[string]{"k": errBoom}).Error(), `1 key failed: "k": boom`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMany_KeysHaveOptionsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Hour}}).PerKey(func(key string) []core.Option {
			switch key {
			case "bb":
				return []core.Option{core.TTL(time.Minute)}
			case "bad":
				return []core.Option{core.TTL(-1)}
			}
			return nil
		})
		f := &M{}
		got, err := c.GetOrSetMany(t.Context(), strings.Fields("a bb bad"), f.load)
		expectMany(t, got, nil, "a bb")
		if failedKeys(t, err) != "bad" {
			t.Errorf("got %v", err)
		}
		_, _ = c.SetMany(t.Context(), lengths("bb ccc"))
		time.Sleep(2 * time.Minute)
		got, err = c.GetMany(t.Context(), strings.Fields("a bb ccc"))
		expectMany(t, got, err, "a ccc")
	})
}

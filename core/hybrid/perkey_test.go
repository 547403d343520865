// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestPerKey_OptionsComeBetweenThoseOfTheViewAndOfTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		short := []core.Option{core.TTL(10 * time.Second)}
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}).PerKey(func(key string) []core.Option {
			if key == "k" {
				return short
			}
			return nil
		})
		set(t, c, 1)
		setKey(t, c, "other")
		time.Sleep(11 * time.Second)
		expectMiss(t, c)
		if _, ok, _ := c.Get(t.Context(), "other"); !ok {
			t.Error("another key has its life too")
		}
		set(t, c, 2, core.TTL(30*time.Second))
		time.Sleep(11 * time.Second)
		expectHit(t, c, 2)
	})
}

func TestPerKey_HitsHonourItAndAllocateNothing(t *testing.T) {
	skip := []core.Option{core.Without(core.SkipMemoryRead)}
	keep := []core.Option{core.TTL(time.Hour)}
	c := open[int](t, hybrid.Options{}).PerKey(func(key string) []core.Option {
		if key == "k" {
			return skip
		}
		return keep
	})
	set(t, c, 1)
	setKey(t, c, "7")
	expectMiss(t, c)
	typed := hybrid.NewKeyed[int, int](c, hybrid.IntKey)
	if n := testing.AllocsPerRun(100, func() { _, _, _ = c.Get(t.Context(), "7") }); n != 0 {
		t.Errorf("a hit allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		_, _ = typed.GetOrSet(t.Context(), 7, func(context.Context, int) (int, error) { return 0, errBoom })
	}); n != 0 {
		t.Errorf("a hit of a typed key allocates %v times", n)
	}
}

func TestPerKey_ContradictionsAreAnErrorOfTheCall(t *testing.T) {
	c := open[int](t, hybrid.Options{}).PerKey(func(string) []core.Option { return []core.Option{core.EagerRefresh(2)} })
	_, err := c.Set(t.Context(), "k", 1)
	expectOption(t, err, "EntryOptions.EagerRefresh")
}

// Options of a call that only those of a key make sense of.
func TestPerKey_OfManyKeysTheOptionsOfTheCallNeedNotBeValidAlone(t *testing.T) {
	c := open[int](t, hybrid.Options{}).PerKey(func(key string) []core.Option {
		if key == "bare" {
			return nil
		}
		return []core.Option{core.TTL(time.Minute), core.FailSafe(time.Hour)}
	})
	cycles := core.MaxCycles(3)
	got, err := c.GetOrSetMany(t.Context(), []string{"a", "bb", "bare"}, new(M).load, cycles)
	if len(got) != 2 || failedKeys(t, err) != "bare" {
		t.Errorf("got %v, %v", got, err)
	}
	expectOption(t, keyErrors(t, err)["bare"], "EntryOptions.MaxCycles")
	outcome, err := c.SetMany(t.Context(), lengths("ccc dddd"), cycles)
	expectOutcome(t, outcome, err, core.Committed)
}

func ExampleCache_PerKey() {
	stack := newStack()
	defer stack.Close(context.Background())
	short, long := []core.Option{core.TTL(time.Second)}, []core.Option{core.TTL(time.Hour)}
	settings := hybrid.Must(hybrid.Of[string](stack, "setting")).PerKey(func(key string) []core.Option {
		if strings.HasPrefix(key, "live.") {
			return short
		}
		return long
	})

	_, _ = settings.Set(context.Background(), "live.banner", "hello")
	v, ok, err := settings.Get(context.Background(), "live.banner")
	fmt.Println(v, ok, err)
	// Output: hello true <nil>
}

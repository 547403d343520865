// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// spoil gets a slice and changes it, as no caller should.
func spoil(t *testing.T, v []string, ok bool, err error) {
	t.Helper()
	if want := []string{"a", "b"}; !slices.Equal(v, want) || !ok || err != nil {
		t.Errorf("got %q, %v, %v, want %q", v, ok, err, want)
		return
	}
	v[0] = "spoilt"
}

// readsOwn checks that each of several reads of "k" is intact, though each spoils
// what it got.
func readsOwn(t *testing.T, c *hybrid.Cache[[]string], opts ...core.Option) {
	t.Helper()
	f := &F[[]string]{results: []func() ([]string, error){fails[[]string](errBoom)}}
	for range 3 {
		v, ok, err := c.Get(t.Context(), "k", opts...)
		spoil(t, v, ok, err)
		v, err = c.GetOrSet(t.Context(), "k", f.load, opts...)
		spoil(t, v, true, err)
	}
}

func TestSeed_CM2_WithCloneNoCallerCanChangeWhatOthersSee(t *testing.T) {
	views := map[string]func(t *testing.T) (*hybrid.Cache[[]string], []core.Option){
		"by default of the stack": func(t *testing.T) (*hybrid.Cache[[]string], []core.Option) {
			return open[[]string](t, hybrid.Options{Defaults: core.EntryOptions{Clone: true}}), nil
		},
		"by the view": func(t *testing.T) (*hybrid.Cache[[]string], []core.Option) {
			stack := open[int](t, hybrid.Options{}).Stack()
			return hybrid.Must(hybrid.Of[[]string](stack, "w", core.Clone(true))), nil
		},
		"by the call": func(t *testing.T) (*hybrid.Cache[[]string], []core.Option) {
			return open[[]string](t, hybrid.Options{}), []core.Option{core.Clone(true)}
		},
		"with a distributed layer": func(t *testing.T) (*hybrid.Cache[[]string], []core.Option) {
			return open[[]string](t, hybrid.Options{Distributed: newServer(t), Defaults: core.EntryOptions{Clone: true}}), nil
		},
	}
	for name, view := range views {
		t.Run(name, func(t *testing.T) {
			c, opts := view(t)
			given := []string{"a", "b"}
			set(t, c, given, opts...)
			given[0] = "spoilt by its giver"
			readsOwn(t, c, opts...)

			made := []string{"a", "b"}
			if _, err := c.Remove(t.Context(), "k"); err != nil {
				t.Error(err)
			}
			v, err := c.GetOrSet(t.Context(), "k", func(context.Context, string) ([]string, error) { return made, nil }, opts...)
			spoil(t, v, true, err)
			made[1] = "spoilt by its maker"
			readsOwn(t, c, opts...)
		})
	}
}

func TestSeed_CM2_WithCloneThoseWhoWaitForOneLoadShareNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[[]string](t, hybrid.Options{Defaults: core.EntryOptions{Clone: true}})
		f := &F[[]string]{delay: time.Second, results: []func() ([]string, error){returns([]string{"a", "b"})}}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				v, err := c.GetOrSet(t.Context(), "k", f.load)
				spoil(t, v, true, err)
			})
		}
		wg.Wait()
		expectCalls(t, f, 1)
	})
}

func TestSeed_CM2_WithCloneStaleValuesAreCopiesToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := safe()
		o.Clone = true
		c := open[[]string](t, hybrid.Options{Defaults: o})
		set(t, c, []string{"a", "b"})
		time.Sleep(61 * time.Second)
		f := &F[[]string]{results: []func() ([]string, error){fails[[]string](errBoom)}}
		for range 3 {
			v, err := c.GetOrSet(t.Context(), "k", f.load)
			spoil(t, v, true, err)
			v, ok, err := c.Get(t.Context(), "k", core.AllowStale(true))
			spoil(t, v, ok, err)
		}
		expectCalls(t, f, 1)
	})
}

func TestSeed_CM2_WithCloneAValueThatWasStoredWithoutIsCopied(t *testing.T) {
	c := open[[]string](t, hybrid.Options{})
	copies := hybrid.Must(hybrid.Of[[]string](c.Stack(), "v", core.Clone(true)))
	set(t, c, []string{"a", "b"})
	readsOwn(t, copies)
	set(t, copies, []string{"a", "b"})
	readsOwn(t, c) // what was stored as a copy stays one
}

func TestSeed_CM2_WithoutCloneAllReadersShareOneValue(t *testing.T) {
	c := open[[]string](t, hybrid.Options{})
	given := []string{"a", "b"}
	set(t, c, given)
	v, _, _ := c.Get(t.Context(), "k")
	w, _, _ := c.Get(t.Context(), "k")
	if &v[0] != &given[0] || &w[0] != &given[0] {
		t.Error("without Clone a copy was made")
	}
}

func TestClone_NeedsASerializer(t *testing.T) {
	_, err := hybrid.New(hybrid.Options{Memory: new(mapMemory), Defaults: core.EntryOptions{Clone: true}})
	expectOption(t, err, "Options.Defaults.Clone")
	s, err := hybrid.New(hybrid.Options{Memory: new(mapMemory)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	_, err = hybrid.Of[int](s, "v", core.Clone(true))
	expectOption(t, err, "EntryOptions.Clone")
	c := hybrid.Must(hybrid.Of[int](s, "v"))
	_, err = c.Set(t.Context(), "k", 1, core.Clone(true))
	expectOption(t, err, "EntryOptions.Clone")
}

func TestClone_AValueThatCannotBeCopiedIsAnError(t *testing.T) {
	c := open[func()](t, hybrid.Options{Defaults: core.EntryOptions{Clone: true}})
	if _, err := c.Set(t.Context(), "k", func() {}); !isLayerError(err, core.OpEncode) {
		t.Errorf("Set: %v", err)
	}
	_, err := c.GetOrSet(t.Context(), "k", func(context.Context, string) (func(), error) { return func() {}, nil })
	if !isLayerError(err, core.OpEncode) {
		t.Errorf("GetOrSet: %v", err)
	}
	expectMiss(t, c)
}

func TestClone_AHitAllocatesOnlyWhatItsValueNeeds(t *testing.T) {
	c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{Clone: true}, Serializer: oneByte{}})
	set(t, c, 7)
	if n := testing.AllocsPerRun(100, func() { expectHit(t, c, 7) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// oneByte encodes small numbers without allocating on the way back.
type oneByte struct{}

func (oneByte) Marshal(v any) ([]byte, error) { return []byte{byte(*v.(*int))}, nil }

func (oneByte) Unmarshal(data []byte, v any) error {
	*v.(*int) = int(data[0])
	return nil
}

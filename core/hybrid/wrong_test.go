// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// A wrong option is an error whether memory has the value or not.
func TestHit_RefusesAnOptionThatIsWrongByItself(t *testing.T) {
	c := open[int](t, hybrid.Options{})
	set(t, c, 1)
	ctx, typed := t.Context(), hybrid.NewKeyed[string, int](c, hybrid.StringKey)
	perKey := c.PerKey(func(string) []core.Option { return []core.Option{core.EagerRefresh(2)} })
	for name, call := range map[string]func(o core.Option) error{
		"Get":            func(o core.Option) error { _, _, err := c.Get(ctx, "k", o); return err },
		"GetOrSet":       func(o core.Option) error { _, err := c.GetOrSet(ctx, "k", made, o); return err },
		"GetMany":        func(o core.Option) error { _, err := c.GetMany(ctx, []string{"k"}, o); return err },
		"Keyed.GetOrSet": func(o core.Option) error { _, err := typed.GetOrSet(ctx, "k", made, o); return err },
		"Keyed.GetMany":  func(o core.Option) error { _, err := typed.GetMany(ctx, []string{"k"}, o); return err },
	} {
		if err := call(core.TTL(time.Minute)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		expectOption(t, call(core.TTL(-1)), "EntryOptions.TTL")
	}
	_, _, err := perKey.Get(ctx, "k")
	expectOption(t, err, "EntryOptions.EagerRefresh")
}

// docs/options.md says so: a hit costs less for it.
func TestHit_DoesNotCompareOptionsWithEachOther(t *testing.T) {
	c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}})
	set(t, c, 1)
	expectHit(t, c, 1, core.TTL(2*time.Hour))
	_, _ = c.Remove(t.Context(), "k")
	_, _, err := c.Get(t.Context(), "k", core.TTL(2*time.Hour))
	expectOption(t, err, "EntryOptions.StaleTTL")
}

// A hit does not look at the context, either.
func TestHit_IsServedThoughTheContextHasEnded(t *testing.T) {
	c := open[int](t, hybrid.Options{})
	set(t, c, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if v, err := c.GetOrSet(ctx, "k", made); v != 1 || err != nil {
		t.Errorf("got %d, %v", v, err)
	}
}

func TestFactory_NilIsAnErrorWhateverMemoryHas(t *testing.T) {
	c := open[int](t, hybrid.Options{})
	ctx, typed := t.Context(), hybrid.NewKeyed[string, int](c, hybrid.StringKey)
	for name, call := range map[string]func() error{
		"GetOrSet":           func() error { _, err := c.GetOrSet(ctx, "k", nil); return err },
		"GetOrLoad":          func() error { _, err := c.GetOrLoad(ctx, "k", nil); return err },
		"GetOrRefresh":       func() error { _, err := c.GetOrRefresh(ctx, "k", nil); return err },
		"GetOrSetMany":       func() error { _, err := c.GetOrSetMany(ctx, []string{"k"}, nil); return err },
		"Keyed.GetOrSet":     func() error { _, err := typed.GetOrSet(ctx, "k", nil); return err },
		"Keyed.GetOrRefresh": func() error { _, err := typed.GetOrRefresh(ctx, "k", nil); return err },
		"Keyed.GetOrSetMany": func() error { _, err := typed.GetOrSetMany(ctx, []string{"k"}, nil); return err },
	} {
		for _, has := range []bool{false, true} {
			if _, _ = c.Remove(ctx, "k"); has {
				set(t, c, 1)
			}
			err := call()
			whole, ok := errors.AsType[*core.Error](err)
			if !errors.Is(err, core.ErrNoFactory) || !ok || whole.Op != core.OpGetOrSet {
				t.Errorf("%s, memory has it: %v: got %v", name, has, err)
			}
		}
	}
}

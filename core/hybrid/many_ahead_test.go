// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// The refreshes that one call starts are one call of its factory, too.
func TestGetOrSetMany_RefreshesAheadTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Distributed: newBatched(), Defaults: core.EntryOptions{TTL: time.Minute, EagerRefresh: 0.5}})
		f := &M{}
		load := func(keys string) {
			got, err := c.GetOrSetMany(t.Context(), strings.Fields(keys), f.load)
			expectMany(t, got, err, keys)
		}
		load("a bb ccc")
		time.Sleep(40 * time.Second)
		load("a bb ccc dddd") // three are due
		time.Sleep(time.Second)
		load("a bb ccc dddd")
		expectAsked(t, f, "a bb ccc", "dddd", "a bb ccc")
	})
}

// Hits that are due start their refreshes though no key is missing, on every kind of
// memory and for keys of any type.
func TestGetOrSetMany_HitsThatAreDueAreRefreshedAhead(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer, Defaults: core.EntryOptions{TTL: time.Minute, EagerRefresh: 0.5}})
		keyed := hybrid.NewKeyed(c, hybrid.StringKey[string])
		for name, many := range map[string]func(*M) (map[string]int, error){
			"plain": func(f *M) (map[string]int, error) { return c.GetOrSetMany(t.Context(), []string{"a", "bb"}, f.load) },
			"keyed": func(f *M) (map[string]int, error) {
				return keyed.GetOrSetMany(t.Context(), []string{"a", "bb"}, f.load)
			},
		} {
			_, _ = c.RemoveMany(t.Context(), []string{"a", "bb"})
			f := &M{}
			for range 3 {
				got, err := many(f)
				if len(got) != 2 || err != nil {
					t.Errorf("%s: got %v, %v", name, got, err)
				}
				time.Sleep(40 * time.Second)
			}
			synctest.Wait()
			if calls := f.calls(); len(calls) != 3 {
				t.Errorf("%s: %d calls of the factory: %v", name, len(calls), calls)
			}
		}
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestPeers3_NotFoundIsAnAnswerWithALifeOfItsOwn(t *testing.T) {
	errNoRow := fmt.Errorf("no row 42: %w", core.ErrNotFound)
	for name, o := range map[string]func(t *testing.T) hybrid.Options{
		"objects": func(*testing.T) hybrid.Options { return hybrid.Options{} },
		"bytes": func(*testing.T) hybrid.Options {
			return hybrid.Options{Memory: hybrid.Must(freecachemem.New(freecachemem.MinSize, nil))}
		},
		"server": func(t *testing.T) hybrid.Options { return hybrid.Options{Distributed: newServer(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := o(t)
				o.Defaults = safe()
				o.Defaults.NotFoundTTL = 10 * time.Second
				c := open[int](t, o)
				f := &F[int]{results: []func() (int, error){fails[int](errNoRow), returns(1), fails[int](errNoRow)}}
				_, err := c.GetOrSet(t.Context(), "k", f.load)
				if !errors.Is(err, core.ErrNotFound) || !strings.Contains(err.Error(), "no row 42") || !as[*core.FactoryError](err) {
					t.Errorf("the first caller got %v", err)
				}
				for range 3 {
					expectFailure(t, c, f, core.ErrNotFound)
					expectMiss(t, c)
				}
				expectCalls(t, f, 1)
				if o.Distributed != nil {
					other := open[int](t, o)
					expectFailure(t, other, f, core.ErrNotFound)
					expectCalls(t, f, 1)
				}
				time.Sleep(10 * time.Second)
				expectAsk(t, c, f, 1, 2)
				time.Sleep(61 * time.Second) // and it replaces a stale value
				expectFailure(t, c, f, core.ErrNotFound)
				expectFailure(t, c, f, core.ErrNotFound)
				expectMiss(t, c, core.AllowStale(true))
				expectCalls(t, f, 3)
				set(t, c, 5) // and a write ends it
				expectHit(t, c, 5)
			})
		})
	}
}

func TestPeers3_NotFoundHasJitterOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		ends := map[time.Duration]bool{}
		for i := range 30 {
			key := fmt.Sprint(i)
			f := &F[int]{results: []func() (int, error){fails[int](core.ErrNotFound)}}
			start := time.Now()
			for f.calls.Load() < 2 {
				_, _ = c.GetOrSet(t.Context(), key, f.load, core.NotFoundTTL(10*time.Second, 10*time.Second))
				time.Sleep(time.Second)
			}
			end := time.Since(start) - time.Second
			if end < 10*time.Second || end > 21*time.Second {
				t.Errorf("it ended after %v", end)
			}
			ends[end] = true
		}
		if len(ends) < 5 {
			t.Errorf("30 entries ended at %d different times", len(ends))
		}
	})
}

func TestPeers3_NotFoundIsNotStoredUnlessAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: safe()})
		f := &F[int]{results: []func() (int, error){returns(1), fails[int](core.ErrNotFound)}}
		expectAsk(t, c, f, 1, 1)
		time.Sleep(61 * time.Second)
		expectFailure(t, c, f, core.ErrNotFound) // which fail-safe does not mask
		expectFailure(t, c, f, core.ErrNotFound)
		expectCalls(t, f, 3)
	})
}

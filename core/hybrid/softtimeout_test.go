// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// hurried returns a cache with stale values for "k" and "l" and a server that hangs, and
// what its listeners hear of failures.
func hurried(t *testing.T) (*hybrid.Cache[int], *watcher) {
	t.Helper()
	s := newServer(t)
	c := open[int](t, hybrid.Options{Distributed: s, Defaults: core.EntryOptions{
		TTL: time.Minute, StaleTTL: time.Hour, DistributedSoftTimeout: 10 * time.Millisecond, ReturnLayerErrors: true,
	}})
	for _, key := range []string{"k", "l"} {
		_, _ = c.Set(t.Context(), key, 1)
	}
	time.Sleep(2 * time.Minute)
	s.get.be(500 * time.Millisecond)
	return c, watch(c, core.LayerFailed)
}

func TestDistributedSoftTimeout_IsAnErrorOfTheLayer(t *testing.T) {
	for name, get := range map[string]func(ctx context.Context, c *hybrid.Cache[int], opts ...core.Option) error{
		"one": func(ctx context.Context, c *hybrid.Cache[int], opts ...core.Option) error {
			_, _, err := c.Get(ctx, "k", opts...)
			return err
		},
		"many": func(ctx context.Context, c *hybrid.Cache[int], opts ...core.Option) error {
			_, err := c.GetMany(ctx, []string{"k", "l"}, opts...)
			if each, ok := errors.AsType[core.KeyErrors[string]](err); ok {
				return each["k"]
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, failures := hurried(t)
				err := get(t.Context(), c)
				e, ok := errors.AsType[*core.LayerError](err)
				if !ok || e.Level != core.LevelDistributed || e.Op != core.OpGet || e.Key != "v:k" || !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("got %v", err)
				}
				if as[*core.LayerError](e.Err) {
					t.Errorf("wrapped twice: %v", err)
				}
				if all := failures.all(); len(all) == 0 || all[0].Op != core.OpGet || all[0].Level != core.LevelDistributed {
					t.Errorf("events: %+v", all)
				}
				if err := get(t.Context(), c, core.AllowStale(true)); err != nil {
					t.Errorf("%v instead of a stale value", err)
				}
				time.Sleep(time.Minute)
				heard := len(failures.all())
				hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				if err := get(hasty, c); as[*core.LayerError](err) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the end of the caller's context gives %v", err)
				}
				if n := len(failures.all()); n != heard {
					t.Errorf("%d failures for the end of the caller's context", n-heard)
				}
			})
		})
	}
}

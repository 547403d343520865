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

func TestSeed_ST4_BackoffSparesABrokenSource(t *testing.T) {
	for _, test := range []struct {
		backoff     time.Duration
		least, most int64
	}{{time.Second, 3, 4}, {0, 300, 300}} {
		synctest.Test(t, func(t *testing.T) {
			c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, ErrorBackoff: test.backoff}})
			f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
			for range 300 {
				expectFailure(t, c, f, errBoom)
				time.Sleep(10 * time.Millisecond)
			}
			if n := f.calls.Load(); n < test.least || n > test.most {
				t.Errorf("back-off %v: %d calls, want %d to %d", test.backoff, n, test.least, test.most)
			}
		})
	}
}

func TestSeed_ST4_WritesEndTheBackoffHereAndElsewhere(t *testing.T) {
	for name, write := range map[string]func(*testing.T, *hybrid.Cache[int]){
		"remove": func(t *testing.T, c *hybrid.Cache[int]) { _, _ = c.Remove(t.Context(), "k") },
		"expire": func(t *testing.T, c *hybrid.Cache[int]) { _, _ = c.Expire(t.Context(), "k") },
		"set and remove": func(t *testing.T, c *hybrid.Cache[int]) {
			set(t, c, 5)
			synctest.Wait()
			_, _ = c.Remove(t.Context(), "k")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := newNetwork(t)
				a := open[int](t, net.join(core.EntryOptions{TTL: time.Minute}))
				b := open[int](t, net.join(core.EntryOptions{TTL: time.Minute}))
				synctest.Wait()
				f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
				for i, writer := range []*hybrid.Cache[int]{a, b} {
					expectFailure(t, a, f, errBoom, core.ErrorBackoff(time.Hour))
					expectFailure(t, a, f, errBoom, core.ErrorBackoff(time.Hour))
					expectCalls(t, f, int64(i+1))
					write(t, writer)
					synctest.Wait()
				}
				expectFailure(t, a, f, errBoom, core.ErrorBackoff(time.Hour))
				expectCalls(t, f, 3)
			})
		})
	}
}

func TestSeed_ST4_ImpatienceAndOverloadAreNoFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{MaxFactories: 1, Defaults: core.EntryOptions{TTL: time.Minute, ErrorBackoff: time.Hour}})
		f := &F[int]{delay: 10 * time.Second, results: []func() (int, error){returns(1)}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.GetOrSet(ctx, "k", f.load); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		expectFailure(t, c, f, core.ErrFactoryTimeout, core.HardTimeout(time.Second))
		if _, err := c.GetOrSet(t.Context(), "other", f.load); !errors.Is(err, core.ErrOverload) {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Minute)
		expectAsk(t, c, f, 1, 1)
		if v, err := c.GetOrSet(t.Context(), "other", f.load); v != 1 || err != nil {
			t.Errorf("got %v, %v", v, err)
		}
	})
}

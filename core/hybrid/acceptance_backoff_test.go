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

// gaps returns the times between the calls of a source that is asked all the time, and
// fails until it is told otherwise.
func gaps(t *testing.T, c *hybrid.Cache[int], calls int, opts ...core.Option) (gaps []time.Duration) {
	t.Helper()
	last, called := time.Now(), 0
	fail := func(context.Context, string) (int, error) {
		if called++; called > 1 {
			gaps = append(gaps, time.Since(last))
		}
		last = time.Now()
		return 0, errBoom
	}
	for called < calls {
		if _, err := c.GetOrSet(t.Context(), "k", fail, opts...); !errors.Is(err, errBoom) {
			t.Fatalf("got %v", err)
		}
		time.Sleep(time.Millisecond)
	}
	return gaps
}

func checkGaps(t *testing.T, got []time.Duration, want ...time.Duration) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%v between the calls, want about %v", got, want)
	}
	for i, d := range got {
		if d < want[i]*4/5 || d > want[i]+2*time.Millisecond {
			t.Errorf("%v between the calls, want about %v", got, want)
		}
	}
}

func TestPeers4_4_BackoffGrowsWithEachFailureOfAKey(t *testing.T) {
	const s = time.Second
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, ErrorBackoff: s, ErrorBackoffMax: 5 * s}})
		checkGaps(t, gaps(t, c, 6), s, 2*s, 4*s, 5*s, 5*s)
		if _, err := c.Remove(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		checkGaps(t, gaps(t, c, 3), s, 2*s) // a write starts over
		time.Sleep(10 * s)
		expectAsk(t, c, &F[int]{results: []func() (int, error){returns(1)}}, 1, 1)
		time.Sleep(2 * time.Minute)
		checkGaps(t, gaps(t, c, 3), s, 2*s) // and so does a success
		time.Sleep(10 * s)
		checkGaps(t, gaps(t, c, 3, core.ErrorBackoffMax(0)), s, s)
	})
}

func TestPeers4_4_ASuccessThatNobodyWaitedForStartsTheBackoffOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, ErrorBackoff: time.Second, ErrorBackoffMax: time.Hour}})
		gaps(t, c, 4)
		time.Sleep(time.Minute)
		f := &F[int]{delay: 10 * time.Second, results: []func() (int, error){returns(1)}}
		expectFailure(t, c, f, core.ErrFactoryTimeout, core.HardTimeout(time.Second))
		time.Sleep(2 * time.Minute)
		checkGaps(t, gaps(t, c, 3), time.Second, 2*time.Second)
	})
}

func TestPeers4_4_ABatchThatFailsGrowsTheBackoffOfEachKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, ErrorBackoff: time.Second, ErrorBackoffMax: time.Hour}})
		fail := func(context.Context, []string) (map[string]int, error) { return nil, errBoom }
		for range 3 {
			if _, err := c.GetOrSetMany(t.Context(), []string{"k", "other"}, fail); !errors.Is(err, errBoom) {
				t.Errorf("got %v", err)
			}
			time.Sleep(5 * time.Second)
		}
		gaps := gaps(t, c, 2)
		checkGaps(t, gaps, 8*time.Second)
	})
}

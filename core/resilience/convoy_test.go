// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

// manyLoads is a factory of many that notes its calls.
type manyLoads struct {
	pause time.Duration
	fail  func()

	mu    sync.Mutex
	calls []string
}

func (m *manyLoads) LoadMany(ctx context.Context, rs []core.Request) []resilience.Loaded {
	var keys []string
	for _, r := range rs {
		keys = append(keys, r.Key)
	}
	slices.Sort(keys)
	m.mu.Lock()
	m.calls = append(m.calls, strings.Join(keys, " "))
	m.mu.Unlock()
	select {
	case <-time.After(m.pause):
	case <-ctx.Done():
	}
	if m.fail != nil {
		m.fail()
	}
	out := make([]resilience.Loaded, len(rs))
	for i, r := range rs {
		out[i].Entry = core.Live(r.Key, core.Meta{})
	}
	return out
}

func (m *manyLoads) check(t *testing.T, want ...string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	slices.Sort(m.calls)
	if !slices.Equal(m.calls, want) {
		t.Errorf("calls %q, want %q", m.calls, want)
	}
}

// come has a member load after a while, and checks that it gets its own entry.
func come(t *testing.T, wg *sync.WaitGroup, m *resilience.Member, key string, after time.Duration) {
	wg.Go(func() {
		time.Sleep(after)
		e, err := m.Load(t.Context(), core.Request{Key: key})
		if err != nil {
			t.Errorf("%s: %v", key, err)
		} else if v, _ := core.Value[string](e); v != key {
			t.Errorf("%s got the entry of %s", key, v)
		}
	})
}

func TestConvoy_OneCallForAllWhoCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &manyLoads{pause: time.Second}
		c := resilience.NewConvoy(f)
		a, b, leaves, joins := c.Join(), c.Join(), c.Join(), c.Join()
		var all sync.WaitGroup
		start := time.Now()
		come(t, &all, a, "a", 0)
		come(t, &all, b, "b", 10*time.Millisecond)
		time.Sleep(20 * time.Millisecond)
		leaves.Leave()
		joins.Spare()
		all.Wait()
		f.check(t, "a b")
		if took := time.Since(start); took != 1020*time.Millisecond {
			t.Errorf("took %v, want to begin when nobody is waited for", took)
		}
	})
}

func TestConvoy_WaitsNoLongerThanTheGatherTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &manyLoads{}
		c := resilience.NewConvoy(f)
		a, b, late := c.Join(), c.Join(), c.Join()
		var all sync.WaitGroup
		come(t, &all, a, "a", 0)
		come(t, &all, b, "b", resilience.GatherTime/2)
		come(t, &all, late, "late", time.Second)
		all.Wait()
		f.check(t, "a b", "late")
	})
}

// All that falls due while a process stands still is due at the same instant.
func TestConvoy_WhoIsReadyWhenTheTimeIsOverComesAlong(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			f := &manyLoads{}
			c := resilience.NewConvoy(f)
			members := map[string]*resilience.Member{"b": c.Join(), "c": c.Join(), "d": c.Join()}
			a, late := c.Join(), c.Join()
			var all sync.WaitGroup
			come(t, &all, a, "a", 0)
			for key, m := range members {
				come(t, &all, m, key, resilience.GatherTime)
			}
			come(t, &all, late, "late", time.Second)
			all.Wait()
			f.check(t, "a b c d", "late")
		})
	}
}

func TestConvoy_GathersAgainForAnotherTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &manyLoads{pause: time.Second}
		c := resilience.NewConvoy(f)
		members := map[string]*resilience.Member{"a": c.Join(), "b": c.Join()}
		for range 2 {
			var all sync.WaitGroup
			for key, m := range members {
				come(t, &all, m, key, 0)
			}
			all.Wait()
		}
		f.check(t, "a b", "a b")
	})
}

func TestConvoy_InTheBackgroundTheyGatherByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &manyLoads{}
		c := resilience.NewConvoy(f)
		a, b, front := c.Join(), c.Join(), c.Join()
		a.Leave()
		b.Leave()
		var all, ahead sync.WaitGroup
		come(t, &all, a, "a", 0)
		come(t, &all, b, "b", resilience.GatherTime/2)
		synctest.Wait()
		start := time.Now()
		come(t, &ahead, front, "front", 0)
		ahead.Wait()
		if time.Since(start) != 0 {
			t.Errorf("waited %v for what goes on in the background", time.Since(start))
		}
		all.Wait()
		f.check(t, "a b", "front")
	})
}

func TestConvoy_APanicIsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := resilience.NewConvoy(&manyLoads{fail: func() { panic("x") }})
		var all sync.WaitGroup
		for _, m := range []*resilience.Member{c.Join(), c.Join()} {
			all.Go(func() {
				_, err := m.Load(t.Context(), core.Request{Key: "k"})
				if p, ok := errors.AsType[*core.PanicError](err); !ok || p.Value != "x" {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
	})
}

// A flight that is given up does not end the call for the others.
func TestConvoy_TheContextEndsWithThoseOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended time.Duration
		start := time.Now()
		c := resilience.NewConvoy(&manyLoads{pause: time.Hour, fail: func() { ended = time.Since(start) }})
		var all sync.WaitGroup
		for i, m := range []*resilience.Member{c.Join(), c.Join()} {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Minute)
				defer cancel()
				_, _ = m.Load(ctx, core.Request{Key: "k"})
			})
		}
		all.Wait()
		if ended != 2*time.Minute {
			t.Errorf("ended after %v", ended)
		}
	})
}

// deadlines is a factory of many that tells the deadline of its context, and waits for
// the end of that.
type deadlines struct {
	left  time.Duration
	known bool
	err   error
}

func (d *deadlines) LoadMany(ctx context.Context, rs []core.Request) []resilience.Loaded {
	var at time.Time
	at, d.known = ctx.Deadline()
	d.left = time.Until(at)
	<-ctx.Done()
	d.err = ctx.Err()
	out := make([]resilience.Loaded, len(rs))
	for i := range out {
		out[i].Err = d.err
	}
	return out
}

func TestConvoy_ShowsTheLatestDeadline(t *testing.T) {
	for name, limits := range map[string][]time.Duration{
		"of all":              {time.Minute, 3 * time.Minute, 2 * time.Minute},
		"unless one has none": {time.Minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := new(deadlines)
				c := resilience.NewConvoy(f)
				members := make([]*resilience.Member, len(limits))
				for i := range members {
					members[i] = c.Join()
				}
				var all sync.WaitGroup
				for i, m := range members {
					all.Go(func() {
						ctx, cancel := context.WithCancel(t.Context())
						if limits[i] > 0 {
							ctx, cancel = context.WithTimeout(t.Context(), limits[i])
						} else {
							time.AfterFunc(time.Hour, cancel)
						}
						defer cancel()
						if _, err := m.Load(ctx, core.Request{Key: "k"}); !errors.Is(err, ctx.Err()) {
							t.Errorf("got %v, want %v", err, ctx.Err())
						}
					})
				}
				all.Wait()
				want, end := 3*time.Minute, context.DeadlineExceeded
				if name != "of all" {
					want, end = 0, context.Canceled
				}
				if f.known != (want > 0) || f.known && f.left != want || f.err != end {
					t.Errorf("deadline in %v (%v), ended by %v; want %v, %v", f.left, f.known, f.err, want, end)
				}
			})
		})
	}
}

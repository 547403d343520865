// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestGetOrSetMany_WhatTheFactoryLeavesOutIsNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		f := &M{delay: time.Second, without: []string{"bb"}}
		go func() {
			got, err := c.GetOrSetMany(t.Context(), []string{"a", "bb"}, f.load)
			expectMany(t, got, err, "a")
		}()
		synctest.Wait()
		if v, err := c.GetOrSet(t.Context(), "bb", loadOne); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("a single caller got %v, %v", v, err)
		}
		synctest.Wait()
	})
}

func TestGetOrSetMany_SingleKeysFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}})
		_, _ = c.Set(t.Context(), "bb", 2)
		_, _ = c.Expire(t.Context(), "bb")
		f := &M{without: []string{"ccc"}, failing: core.KeyErrors[string]{"bb": errBoom, "dddd": errBoom}}
		got, err := c.GetOrSetMany(t.Context(), strings.Fields("a bb ccc dddd"), f.load)
		expectMany(t, got, nil, "a bb") // bb is stale
		if failed := failedKeys(t, err); failed != "dddd" || !errors.Is(err, errBoom) {
			t.Errorf("failed: %s: %v", failed, err)
		}
	})
}

func TestGetOrSetMany_ValuesBesideAnErrorCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		f := &M{without: []string{"bb"}, err: errBoom}
		got, err := c.GetOrSetMany(t.Context(), []string{"a", "bb"}, f.load)
		expectMany(t, got, nil, "a")
		if failed := failedKeys(t, err); failed != "bb" || !errors.Is(err, errBoom) {
			t.Errorf("failed: %s: %v", failed, err)
		}
	})
}

func TestGetOrSetMany_APanicIsAnErrorOfAllItsKeys(t *testing.T) {
	for name, crash := range map[string]func(){"panic": func() { panic("x") }, "goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := open[int](t, hybrid.Options{})
				_, _ = c.Set(t.Context(), "a", 1)
				got, err := c.GetOrSetMany(t.Context(), strings.Fields("a bb ccc"), func(context.Context, []string) (map[string]int, error) {
					crash()
					return nil, nil
				})
				expectMany(t, got, nil, "a")
				for _, key := range []string{"bb", "ccc"} {
					if _, ok := errors.AsType[*core.PanicError](keyErrors(t, err)[key]); !ok {
						t.Errorf("%s: %v, want a panic", key, keyErrors(t, err)[key])
					}
				}
				f := &M{}
				got, err = c.GetOrSetMany(t.Context(), strings.Fields("a bb ccc"), f.load)
				expectMany(t, got, err, "a bb ccc")
			})
		})
	}
}

func TestGetOrSetMany_ACallerThatLeavesDisturbsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Distributed: newBatched()})
		f := &M{delay: time.Minute}
		why := errors.New("why")
		go func() {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, why)
			defer cancel()
			start := time.Now()
			got, err := c.GetOrSetMany(ctx, []string{"a", "bb"}, f.load)
			if len(got) != 0 || failedKeys(t, err) != "a bb" || !errors.Is(err, why) || time.Since(start) != time.Second {
				t.Errorf("got %v, %v after %v", got, err, time.Since(start))
			}
		}()
		synctest.Wait()
		got, err := c.GetOrSetMany(t.Context(), []string{"bb", "ccc"}, f.load)
		expectMany(t, got, err, "bb ccc")
		expectAsked(t, f, "a bb", "ccc")
	})
}

// A factory is cancelled once nobody waits for any of its keys, and not earlier.
func TestGetOrSetMany_CancelOnTimeoutNeedsAllCallersGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{CancelOnTimeout: true}})
		started := time.Now()
		var ended time.Duration
		load := func(ctx context.Context, _ []string) (map[string]int, error) {
			<-ctx.Done()
			ended = time.Since(started)
			return nil, ctx.Err()
		}
		crowd(2, func(i int) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+9*i)*time.Second)
			defer cancel()
			if i == 0 {
				_, _ = c.GetOrSetMany(ctx, []string{"a", "bb"}, load)
			} else {
				pause(ctx, 100*time.Millisecond, false)
				_, _ = c.GetOrSet(ctx, "bb", loadOne)
			}
		})
		synctest.Wait()
		if ended != 10*time.Second {
			t.Errorf("cancelled after %v, want when the last caller has left, 10s", ended)
		}
	})
}

// As for a single key: nobody has cancelled anything.
func TestGetOrSetMany_TheTimeLimitOfTheFactoryIsATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		slow := func(ctx context.Context, _ []string) (map[string]int, error) {
			if at, ok := ctx.Deadline(); !ok || time.Until(at) != time.Second {
				t.Errorf("the factory sees the deadline %v (%v)", time.Until(at), ok)
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		_, err := c.GetOrSetMany(t.Context(), []string{"a", "b"}, slow, core.LoadTimeout(time.Second))
		each, _ := errors.AsType[core.KeyErrors[string]](err)
		for _, key := range []string{"a", "b"} {
			if err := each[key]; !errors.Is(err, core.ErrFactoryTimeout) || errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v, want the time limit", key, err)
			}
		}
	})
}

func TestGetOrSetMany_ServesStaleAfterTheSoftTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Distributed: newBatched(), Defaults: core.EntryOptions{
			TTL: time.Minute, StaleTTL: time.Hour, SoftTimeout: 100 * time.Millisecond,
		}})
		for _, key := range []string{"a", "bb"} {
			_, _ = c.Set(t.Context(), key, len(key))
			_, _ = c.Expire(t.Context(), key)
		}
		f := &M{delay: time.Second}
		start := time.Now()
		got, err := c.GetOrSetMany(t.Context(), []string{"a", "bb"}, f.load)
		expectMany(t, got, err, "a bb")
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("took %v, want the soft timeout", took)
		}
		time.Sleep(2 * time.Second) // the load goes on
		got, err = c.GetMany(t.Context(), []string{"a", "bb"})
		expectMany(t, got, err, "a bb")
		expectAsked(t, f, "a bb")
	})
}

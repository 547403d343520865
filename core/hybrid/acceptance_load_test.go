// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// refresh is GetOrRefresh of key "k", which must succeed with want.
func refresh(t testing.TB, c *hybrid.Cache[int], want int, f func(l *hybrid.Load[int]) (int, error), opts ...core.Option) {
	t.Helper()
	v, err := c.GetOrRefresh(t.Context(), "k", func(_ context.Context, l *hybrid.Load[int]) (int, error) { return f(l) }, opts...)
	if v != want || err != nil {
		t.Errorf("got %v, %v, want %v", v, err, want)
	}
}

// never is a factory that must not be called.
func never(t testing.TB) func(*hybrid.Load[int]) (int, error) {
	return func(*hybrid.Load[int]) (int, error) {
		t.Helper()
		t.Error("the factory was called")
		return 0, errBoom
	}
}

func TestSpec20_TheFactorySeesTheStaleValueAndItsValidators(t *testing.T) {
	changed := time.Date(2026, 7, 1, 2, 3, 4, 5, time.UTC)
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
				c := open[int](t, o)
				refresh(t, c, 1, func(l *hybrid.Load[int]) (int, error) {
					if v, ok := l.Stale(); ok || l.Key != "k" || l.ETag() != "" || !l.LastModified().IsZero() {
						t.Errorf("a cold load has %v, %v, %+v", v, ok, l)
					}
					l.SetETag(`"one"`)
					l.SetLastModified(changed)
					return 1, nil
				})
				time.Sleep(61 * time.Second)
				if o.Distributed != nil { // another node, which knows it from the server
					c = open[int](t, o)
				}
				refresh(t, c, 2, func(l *hybrid.Load[int]) (int, error) {
					if v, ok := l.Stale(); v != 1 || !ok || l.ETag() != `"one"` || !l.LastModified().Equal(changed) {
						t.Errorf("got %v, %v, %q, %v", v, ok, l.ETag(), l.LastModified())
					}
					return 2, nil // without validators
				})
				time.Sleep(61 * time.Second)
				refresh(t, c, 3, func(l *hybrid.Load[int]) (int, error) {
					if v, ok := l.Stale(); v != 2 || !ok || l.ETag() != "" || !l.LastModified().IsZero() {
						t.Errorf("got %v, %v, %q, %v: validators of another value", v, ok, l.ETag(), l.LastModified())
					}
					return 3, nil
				})
			})
		})
	}
}

func TestSpec20_NotModifiedGivesANewLife(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer, Defaults: safe()})
		refresh(t, c, 1, func(l *hybrid.Load[int]) (int, error) {
			l.SetETag("e")
			l.Options(core.Tags("tag"))
			return 1, nil
		})
		for range 3 {
			time.Sleep(61 * time.Second)
			refresh(t, c, 1, func(l *hybrid.Load[int]) (int, error) {
				if l.ETag() != "e" {
					t.Errorf("the ETag is %q", l.ETag())
				}
				return l.NotModified()
			})
			refresh(t, c, 1, never(t))
		}
		// It keeps its tags.
		if _, err := c.Stack().RemoveByTag(t.Context(), "tag"); err != nil {
			t.Error(err)
		}
		expectMiss(t, c)
	})
}

func TestSpec20_NotModifiedWithoutAStaleValueIsAnError(t *testing.T) {
	c := open[int](t, hybrid.Options{})
	_, err := c.GetOrRefresh(t.Context(), "k", func(_ context.Context, l *hybrid.Load[int]) (int, error) { return l.NotModified() })
	if !as[*core.FactoryError](err) {
		t.Errorf("got %v", err)
	}
}

// Q8: what was removed, alone, by tag or with everything, does not come back.
func TestSpec33_Q8_NotModifiedResurrectsNothingThatWasRemoved(t *testing.T) {
	for name, remove := range map[string]func(t *testing.T, c *hybrid.Cache[int]){
		"Remove":      func(t *testing.T, c *hybrid.Cache[int]) { _, _ = c.Remove(t.Context(), "k") },
		"RemoveByTag": func(t *testing.T, c *hybrid.Cache[int]) { _, _ = c.Stack().RemoveByTag(t.Context(), "tag") },
		"Clear":       func(t *testing.T, c *hybrid.Cache[int]) { _, _ = c.Stack().Clear(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			modes(t, func(t *testing.T, layer core.DistributedLayer) {
				o := safe()
				o.Tags = []string{"tag"}
				c := open[int](t, hybrid.Options{Distributed: layer, Defaults: o})
				set(t, c, 1)
				remove(t, c)
				refresh(t, c, 2, func(l *hybrid.Load[int]) (int, error) {
					if v, ok := l.Stale(); ok {
						t.Errorf("the factory is offered %v", v)
					}
					return 2, nil
				})
			})
		})
	}
}

func TestSeed_DC18_TheFactoryDecidesOnTheLife(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer, Defaults: core.EntryOptions{TTL: time.Minute}})
		decide(t, c, "hot", 1, core.TTL(5*time.Second))
		decide(t, c, "stable", 2, core.TTL(time.Hour))
		decide(t, c, "usual", 3)
		lives := map[string]time.Duration{"hot": 5 * time.Second, "usual": time.Minute, "stable": time.Hour}
		expectLives(t, c, lives, core.Without(core.SkipDistributed)) // in memory
		if layer == nil {
			return
		}
		for key, opt := range map[string]core.Option{"hot": core.TTL(5 * time.Second), "stable": core.TTL(time.Hour), "usual": {}} {
			decide(t, c, key, 1, opt)
		}
		expectLives(t, c, lives, core.Without(core.SkipMemory))
	})
}

// The life on the server is one of its own.
func TestSeed_DC18_TheFactoryDecidesOnTheLifeOnTheServer(t *testing.T) {
	for _, own := range []time.Duration{2 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			c := open[int](t, hybrid.Options{Distributed: newServer(t), Defaults: core.EntryOptions{TTL: time.Minute}})
			decide(t, c, "k", 1, core.TTL(30*time.Second), core.DistributedTTL(own))
			expectLives(t, c, map[string]time.Duration{"k": 30 * time.Second}, core.Without(core.SkipDistributed))
			decide(t, c, "k", 1, core.TTL(time.Nanosecond), core.DistributedTTL(own))
			expectLives(t, c, map[string]time.Duration{"k": own}, core.Without(core.SkipMemory))
		})
	}
}

// decide loads key with a factory that sets opts.
func decide(t *testing.T, c *hybrid.Cache[int], key string, v int, opts ...core.Option) {
	t.Helper()
	_, err := c.GetOrRefresh(t.Context(), key, func(_ context.Context, l *hybrid.Load[int]) (int, error) {
		l.Options(opts...)
		return v, nil
	}, core.Without(core.SkipMemoryRead|core.SkipDistributedRead))
	if err != nil {
		t.Error(err)
	}
}

// expectLives checks that each key is there for so long from now on, and no longer, if
// looked for with opt.
func expectLives(t *testing.T, c *hybrid.Cache[int], lives map[string]time.Duration, opt core.Option) {
	t.Helper()
	begin := time.Now()
	for _, key := range slices.SortedFunc(maps.Keys(lives), func(a, b string) int { return cmp.Compare(lives[a], lives[b]) }) {
		time.Sleep(lives[key] - time.Since(begin) - 1)
		if _, ok, err := c.Get(t.Context(), key, opt); !ok || err != nil {
			t.Errorf("%s is gone after %v, %v", key, time.Since(begin), err)
		}
		time.Sleep(time.Nanosecond)
		if _, ok, err := c.Get(t.Context(), key, opt); ok || err != nil {
			t.Errorf("%s is there after %v, %v", key, time.Since(begin), err)
		}
	}
}

func TestSpec19_OptionsOfTheFactoryChangeNobodyElses(t *testing.T) {
	c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}})
	before := c.Options()
	refresh(t, c, 1, func(l *hybrid.Load[int]) (int, error) {
		l.Options(core.TTL(time.Hour), core.Size(7))
		l.Options(core.WithPriority(core.HighPriority))
		return 1, nil
	})
	if got := c.Options(); got.TTL != before.TTL || got.Size != 0 {
		t.Errorf("the view's options are %+v now", got)
	}
}

func TestSpec19_OptionsOfTheFactoryThatContradictAreItsError(t *testing.T) {
	c := open[int](t, hybrid.Options{})
	_, err := c.GetOrRefresh(t.Context(), "k", func(_ context.Context, l *hybrid.Load[int]) (int, error) {
		l.Options(core.TTL(-1), core.EagerRefresh(3))
		return 1, nil
	})
	if got := optionsIn(errors.Unwrap(errors.Unwrap(err))); len(got) != 2 {
		t.Errorf("got %v", err)
	}
	expectMiss(t, c)
}

// Tags that the factory names at its end hold from the beginning of the load.
func TestSpec19_TagsOfTheFactory(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer, Defaults: core.EntryOptions{TTL: time.Hour}})
		tagged := func(v int, during func()) func(l *hybrid.Load[int]) (int, error) {
			return func(l *hybrid.Load[int]) (int, error) {
				during()
				l.Options(core.Tags("a", "b"))
				return v, nil
			}
		}
		refresh(t, c, 1, tagged(1, func() {}))
		expectHit(t, c, 1)
		if _, err := c.Stack().RemoveByTag(t.Context(), "b"); err != nil {
			t.Error(err)
		}
		expectMiss(t, c)
		refresh(t, c, 2, tagged(2, func() { _, _ = c.Stack().RemoveByTag(t.Context(), "a") }))
		expectMiss(t, c) // it was read before the removal, perhaps
		time.Sleep(time.Minute)
		refresh(t, c, 3, tagged(3, func() {}))
		expectHit(t, c, 3)
	})
}

// A node that has not heard of a removal, by another, of a tag that it did not know
// does not store what it read before.
func TestSpec19_TagsOfTheFactoryAndAnUnheardRemoval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		o := core.EntryOptions{TTL: time.Hour}
		a, b := open[int](t, hybrid.Options{Distributed: server, Defaults: o}), open[int](t, hybrid.Options{Distributed: server, Defaults: o})
		refresh(t, a, 1, func(l *hybrid.Load[int]) (int, error) {
			if _, err := b.Stack().RemoveByTag(t.Context(), "new"); err != nil {
				t.Error(err)
			}
			l.Options(core.Tags("new"))
			return 1, nil
		})
		expectMiss(t, a)
		expectMiss(t, b)
		time.Sleep(time.Minute) // longer than clocks differ
		refresh(t, a, 2, func(l *hybrid.Load[int]) (int, error) { l.Options(core.Tags("new")); return 2, nil })
		expectHit(t, a, 2)
		expectHit(t, b, 2)
	})
}

func TestSpec19_SkipStoresNothingAndSerialisesNobody(t *testing.T) {
	modes(t, func(t *testing.T, layer core.DistributedLayer) {
		c := open[int](t, hybrid.Options{Distributed: layer, Defaults: core.EntryOptions{TTL: time.Hour}})
		var calls atomic.Int64
		load := func(ctx context.Context, l *hybrid.Load[int]) (int, error) {
			l.Skip()
			return int(calls.Add(1)), pause(ctx, time.Second, false)
		}
		took(t, time.Second, func() {
			crowd(100, func(int) {
				if v, err := c.GetOrRefresh(t.Context(), "k", load); v != 1 || err != nil {
					t.Errorf("got %d, %v", v, err)
				}
			})
		})
		expectMiss(t, c)
		if v, err := c.GetOrRefresh(t.Context(), "k", load); v != 2 || err != nil {
			t.Errorf("got %d, %v: the value was stored", v, err)
		}
	})
}

func TestSpec16_FailServesTheStaleValueWithoutAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: safe()})
		failed, activated := tally(c, core.FactoryFailed), tally(c, core.FailSafeActivated)
		declines := func(l *hybrid.Load[int]) (int, error) { return l.Fail(errBoom) }
		refresh(t, c, 1, func(*hybrid.Load[int]) (int, error) { return 1, nil })
		time.Sleep(61 * time.Second)
		refresh(t, c, 1, declines)
		refresh(t, c, 1, never(t)) // in the throttle window
		expectCount(t, "FactoryFailed", failed, 0)
		expectCount(t, "FailSafeActivated", activated, 1)

		_, _ = c.Remove(t.Context(), "k")
		_, err := c.GetOrRefresh(t.Context(), "k", func(_ context.Context, l *hybrid.Load[int]) (int, error) { return l.Fail(errBoom) })
		if !errors.Is(err, errBoom) {
			t.Errorf("with nothing to serve: %v", err)
		}
		_, err = c.GetOrRefresh(t.Context(), "k", func(_ context.Context, l *hybrid.Load[int]) (int, error) { return l.Fail(nil) })
		if err == nil {
			t.Error("Fail without a reason gave no error")
		}
		expectCount(t, "FactoryFailed", failed, 0)
	})
}

// A typed key has the same.
func TestKeyed_GetOrRefreshHasTheKey(t *testing.T) {
	c := hybrid.NewKeyed[int, int](open[int](t, hybrid.Options{}), hybrid.IntKey)
	for range 2 {
		v, err := c.GetOrRefresh(t.Context(), 7, func(_ context.Context, key int, l *hybrid.Load[int]) (int, error) {
			if l.Key != "7" {
				t.Errorf("the load is of %q", l.Key)
			}
			return key, nil
		})
		if v != 7 || err != nil {
			t.Errorf("got %d, %v", v, err)
		}
	}
}

func ExampleCache_GetOrRefresh() {
	stack := newStack()
	defer stack.Close(context.Background())
	pages := hybrid.Must(hybrid.Of[string](stack, "page", core.FailSafe(24*time.Hour), core.TTL(time.Minute)))

	page, err := pages.GetOrRefresh(context.Background(), "index", func(_ context.Context, l *hybrid.Load[string]) (string, error) {
		body, etag, status := fetch(l.Key, l.ETag())
		switch status {
		case 304:
			return l.NotModified()
		case 404:
			return "", core.ErrNotFound
		case 503:
			return l.Fail(errors.New("the source is busy"))
		}
		l.SetETag(etag)
		l.Options(core.Tags("pages"), core.Size(uint32(len(body))))
		return body, nil
	})
	fmt.Println(page, err)
	// Output: welcome <nil>
}

// fetch stands for a conditional request.
func fetch(_, _ string) (body, etag string, status int) { return "welcome", `"1"`, 200 }

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// windowed starts two nodes. The second is in a throttle window for the stale value 1,
// which has the tag "red" and was loaded by the one call of its factory that succeeded.
func windowed(t *testing.T) (n *nodes, f *F[int]) {
	t.Helper()
	n = startNodesWith(t, 2, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, Tags: []string{"red"}})
	f = okThenFails()
	expectAsk(t, n.caches[1], f, 1, 1)
	time.Sleep(61 * time.Second)
	expectAsk(t, n.caches[1], f, 1, 2)
	time.Sleep(time.Second)
	return n, f
}

func TestWindow_ServesNothingThatAnotherNodeHasRemoved(t *testing.T) {
	for name, remove := range map[string]func(t *testing.T, c *hybrid.Cache[int]) (core.Outcome, error){
		"tag": func(t *testing.T, c *hybrid.Cache[int]) (core.Outcome, error) {
			return c.Stack().RemoveByTag(t.Context(), "red")
		},
		"clear": func(t *testing.T, c *hybrid.Cache[int]) (core.Outcome, error) { return c.Stack().Clear(t.Context()) },
		"key":   func(t *testing.T, c *hybrid.Cache[int]) (core.Outcome, error) { return c.Remove(t.Context(), "k") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, f := windowed(t)
				if outcome, err := remove(t, n.caches[0]); outcome != core.Committed || err != nil {
					t.Fatal(outcome, err)
				}
				synctest.Wait()
				expectFailure(t, n.caches[1], f, errBoom)
			})
		})
	}
}

// An expiry asks the source again, by key or by tag; its failure opens another window.
func TestWindow_EndsWithAnExpiry(t *testing.T) {
	for name, expire := range map[string]func(t *testing.T, c *hybrid.Cache[int]) (core.Outcome, error){
		"tag": func(t *testing.T, c *hybrid.Cache[int]) (core.Outcome, error) {
			return c.Stack().ExpireByTag(t.Context(), "red")
		},
		"key": func(t *testing.T, c *hybrid.Cache[int]) (core.Outcome, error) { return c.Expire(t.Context(), "k") },
	} {
		for _, s := range []struct {
			name string
			by   int
			down bool
		}{{"by itself", 1, false}, {"by another node", 0, false}, {"by another node, without a server", 0, true}} {
			t.Run(name+" "+s.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n, f := windowed(t)
					n.gates[1].shut.Store(s.down)
					if _, err := expire(t, n.caches[s.by]); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
					for range 10 {
						expectAsk(t, n.caches[1], f, 1, 3)
						time.Sleep(2 * time.Second)
					}
					_, _ = n.caches[0].Stack().RemoveByTag(t.Context(), "other") // no matter
					synctest.Wait()
					expectAsk(t, n.caches[1], f, 1, 3)
					n.gates[1].shut.Store(false)
				})
			})
		}
	}
}

func TestWindow_EndsWhenAGapHidesAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, f := windowed(t)
		n.channels[1].Disconnect()
		set(t, n.caches[0], 2)
		n.channels[1].Reconnect()
		synctest.Wait()
		expectAsk(t, n.caches[1], f, 2, 2)
	})
}

// Doubt that turns out to be groundless costs one look at the distributed layer, whether
// that has a copy or not.
func TestWindow_OutlastsDoubt(t *testing.T) {
	for name, before := range map[string]func(t *testing.T, n *nodes){
		"a copy":  func(*testing.T, *nodes) {},
		"no copy": func(t *testing.T, n *nodes) { _ = n.server.Delete(t.Context(), hybrid.KeyPrefixes("app")[0]+"v:k") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, f := windowed(t)
				before(t, n)
				n.doubt(1)
				expectAsk(t, n.caches[1], f, 1, 2)
				n.gates[1].shut.Store(true) // who asked it again would hear of that
				failures := tally(n.caches[1], core.LayerFailed)
				expectAsk(t, n.caches[1], f, 1, 2)
				expectCount(t, "looks at the server", failures, 0)
				n.gates[1].shut.Store(false)
			})
		})
	}
}

// Nor need there ever have been one.
func TestWindow_OutlastsDoubtOfWhatOnlyMemoryHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodesWith(t, 2, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour})
		f, here := okThenFails(), core.Without(core.SkipDistributedWrite)
		expectAsk(t, n.caches[1], f, 1, 1, here)
		time.Sleep(61 * time.Second)
		expectAsk(t, n.caches[1], f, 1, 2, here)
		n.doubt(1)
		looks := tally(n.caches[1], core.LayerMiss)
		for range 20 {
			expectAsk(t, n.caches[1], f, 1, 2, here)
		}
		expectCount(t, "looks at the server", looks, 1)
	})
}

// Where nobody can be asked, doubt alone does not lead to the source.
func TestWindow_OutlastsDoubtWithoutAServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, f := windowed(t)
		n.gates[1].shut.Store(true)
		n.doubt(1)
		for range 9 {
			expectAsk(t, n.caches[1], f, 1, 2)
			expectAsk(t, n.caches[1], f, 1, 2, core.Without(core.SkipDistributedRead))
			time.Sleep(3 * time.Second)
		}
		n.gates[1].shut.Store(false)
	})
}

// A server that does not answer is not asked by each who is in a window.
func TestWindow_AsksAServerThatIsAwayNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, f := windowed(t)
		n.gates[1].shut.Store(true)
		n.doubt(1)
		failures := watch(n.caches[1], core.LayerFailed)
		for range 10 {
			expectAsk(t, n.caches[1], f, 1, 2)
			time.Sleep(500 * time.Millisecond)
		}
		looks := 0
		for _, ev := range failures.all() {
			if ev.Key == "v:k" {
				looks++
			}
		}
		if looks != 3 { // at 0, 2 and 4 s
			t.Errorf("%d looks at the server, want 3", looks)
		}
		n.gates[1].shut.Store(false)
	})
}

func TestWindow_WithoutADistributedLayer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := hybrid.Must(localbus.NewBus(nil))
		var caches [2]*hybrid.Cache[int]
		var channels [2]*localbus.Channel
		for i := range caches {
			channels[i] = bus.Channel(hybrid.Channel("app"))
			caches[i] = open[int](t, hybrid.Options{Backplane: channels[i], Defaults: core.EntryOptions{
				TTL: time.Minute, StaleTTL: time.Hour, Tags: []string{"red"},
			}})
		}
		synctest.Wait()
		f := okThenFails()
		expectAsk(t, caches[1], f, 1, 1)
		time.Sleep(61 * time.Second)
		expectAsk(t, caches[1], f, 1, 2)
		channels[1].Disconnect()
		channels[1].Reconnect()
		synctest.Wait()
		expectAsk(t, caches[1], f, 1, 2)
		_, _ = caches[0].Stack().ExpireByTag(t.Context(), "red")
		synctest.Wait()
		for range 3 {
			expectAsk(t, caches[1], f, 1, 3)
			time.Sleep(3 * time.Second)
		}
		_, _ = caches[0].Stack().RemoveByTag(t.Context(), "red")
		synctest.Wait()
		expectFailure(t, caches[1], f, errBoom)
	})
}

// What was removed while nobody can be asked is no stale value either.
func TestStale_IsNoneAfterARemovalThatWasHeardOf(t *testing.T) {
	for name, remove := range map[string]func(t *testing.T, s *hybrid.Stack) (core.Outcome, error){
		"tag":   func(t *testing.T, s *hybrid.Stack) (core.Outcome, error) { return s.RemoveByTag(t.Context(), "red") },
		"clear": func(t *testing.T, s *hybrid.Stack) (core.Outcome, error) { return s.Clear(t.Context()) },
		"tag, and an expiry of its own": func(t *testing.T, s *hybrid.Stack) (core.Outcome, error) {
			return s.RemoveByTag(t.Context(), "red")
		},
	} {
		for _, skip := range []core.Skip{0, core.SkipDistributedRead} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := startNodesWith(t, 2, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, Tags: []string{"red"}})
					f := okThenFails()
					expectAsk(t, n.caches[1], f, 1, 1)
					time.Sleep(61 * time.Second)
					n.gates[1].shut.Store(true)
					if _, err := remove(t, n.caches[0].Stack()); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
					if name == "tag, and an expiry of its own" {
						_, _ = n.caches[1].Stack().ExpireByTag(t.Context(), "red")
					}
					expectMiss(t, n.caches[1], core.AllowStale(true), core.Without(skip))
					expectFailure(t, n.caches[1], f, errBoom, core.Without(skip))
					n.gates[1].shut.Store(false)
				})
			})
		}
	}
}

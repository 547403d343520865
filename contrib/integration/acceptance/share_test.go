// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSeed_DC1_LifeIsThatOfTheValueAndNotOfTheCopy(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, w world) {
		t.Parallel()
		slower3(t, func(factor time.Duration) error {
			o := core.EntryOptions{TTL: factor * 2 * time.Second}
			a, b := pair(t, w, o)
			begin := time.Now()
			a.commit(t, "k", 1)
			made := time.Now() // at the latest
			at(begin, factor*1800*time.Millisecond)
			v, ok := b.get(t, "k")
			if late := time.Since(begin); late > factor*1950*time.Millisecond {
				return fmt.Errorf("the machine was busy for %v", late)
			}
			if !ok || v != 1 {
				t.Errorf("B at 90 %% of the life: %d, %t", v, ok)
			}
			at(made, factor*2*time.Second+100*time.Millisecond)
			b.wantMiss(t, "k")
			start(t, w, setting{Options: hybrid.Options{Defaults: o}}).wantMiss(t, "k")
			f := gives(2)
			b.ask(t, "k", f, 2)
			f.want(t, 1)
			return nil
		})
	})
}

// A reader whose clock is wrong believes an entry to be older, or younger, by as
// much; its own TTL bounds what it keeps, and the server ends the entry by its
// own clock.
func TestSeed_DC1_WrongClockMakesNoImmortalEntry(t *testing.T) {
	t.Parallel()
	w := startRedis(t)
	for name, skew := range map[string]time.Duration{"ahead": 30 * time.Second, "behind": -30 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const ttl = 2 * time.Second
			o := hybrid.Options{Defaults: core.EntryOptions{TTL: ttl}}
			a := start(t, w, setting{Options: o, app: name})
			o.Wall = func() time.Time { return time.Now().Add(skew) }
			b := start(t, w, setting{Options: o, app: name})
			a.commit(t, "k", 1)
			begin := time.Now()
			var last time.Duration
			for time.Since(begin) < 2*ttl+500*time.Millisecond {
				asked := time.Since(begin)
				if b.has(t, "k", 1) {
					last = asked
				}
				at(time.Now(), 20*time.Millisecond)
			}
			// It may read the entry at the last moment, and keeps it for its TTL.
			if last > 2*ttl+100*time.Millisecond {
				t.Errorf("B had the entry at %v, its life is %v", last, ttl)
			}
			b.commit(t, "k", 2)
			soon(t, 3*time.Second, "the write of B, or a miss, on A", func() bool { return a.hasOrMisses(t, "k", 2) })
			a.commit(t, "k", 3)
			soon(t, 3*time.Second, "the write of A, or a miss, on B", func() bool { return b.hasOrMisses(t, "k", 3) })
		})
	}
}

func TestSeed_DC2_UpdateReachesTheOthersWithoutTheirFactories(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		a, b, c := trio(t, w, core.EntryOptions{TTL: time.Minute})
		f := broken()
		for _, n := range []*node{a, b, c} {
			a.commit(t, "k", 1)
			n.ask(t, "k", f, 1)
		}
		within3(t, func() error {
			var lags times
			const rounds = 1000
			for v := 2; v < rounds+2; v++ {
				a.commit(t, "k", v)
				begin := time.Now()
				for _, n := range []*node{b, c} {
					wantQuickly(t, n, "k", v, f)
					lags.add(since(begin))
				}
			}
			if p99, longest := lags.quantile(0.99), lags.quantile(1); p99 > 50*time.Millisecond || longest > 100*time.Millisecond {
				return fmt.Errorf("p99 %v, longest %v, want at most 50 ms and 100 ms", p99, longest)
			}
			return nil
		})
		f.want(t, 0)
	})
}

// wantQuickly asks, with hardly a pause, until the node gives v.
func wantQuickly(t *testing.T, n *node, key string, v int, f *F[int]) {
	t.Helper()
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		got, err := n.GetOrSet(t.Context(), key, f.load)
		if err != nil {
			t.Fatalf("get or set %q: %v", key, err)
		}
		if got == v {
			return
		}
	}
	t.Fatalf("%q does not become %d", key, v)
}

// An update on one node does not take from another what it could fall back on.
func TestSeed_DC2_NotificationLeavesTheStaleCopy(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour})
		a.spread(t, "k", 1, b)
		b.want(t, "k", 1)
		a.spread(t, "k", 2, b)
		b.cutOff()
		v, err := b.GetOrSet(t.Context(), "k", broken().load)
		if err != nil || (v != 1 && v != 2) {
			t.Errorf("B serves %d, %v, want 1 or 2", v, err)
		}
	})
}

func TestSeed_DC4_RemovalReachesTheOthers(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		a, b, c := trio(t, w, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour})
		within3(t, func() error {
			a.spread(t, "k", 1, b, c)
			b.want(t, "k", 1)
			c.want(t, "k", 1)
			if outcome, err := a.Remove(t.Context(), "k"); outcome != core.Committed || err != nil {
				t.Errorf("remove: %v, %v", outcome, err)
			}
			begin := time.Now()
			soon(t, patience, "misses on B and C", func() bool { return b.misses(t, "k") && c.misses(t, "k") })
			if d := since(begin); d > 100*time.Millisecond {
				return tooSlow("the removal", d, 100*time.Millisecond)
			}
			return nil
		})
		a.wantMiss(t, "k")
	})
}

func TestSeed_DC4_OneSmallMessagePerRemoval(t *testing.T) {
	w := startRedis(t)
	a, _ := pair(t, w, core.EntryOptions{TTL: time.Minute})
	p := listen(t, w)
	a.commit(t, "k", 1)
	p.reset(t)
	if _, err := a.Remove(t.Context(), "k"); err != nil {
		t.Error(err)
	}
	messages := p.messages(t, "app")
	if len(messages) != 1 {
		t.Fatalf("a removal made %d messages, want 1", len(messages))
	}
	if m := messages[0]; m.Key != "v:k" || m.size > 40+len(m.Key) {
		t.Errorf("the message has %d bytes for key %q, want at most 40 and the key", m.size, m.Key)
	}
	w.wantGone(t, "app", "k")
}

func TestSeed_DC7_NodeIgnoresItsOwnMessages(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
		for i := range 20 {
			a.spread(t, "k", i, b)
			a.want(t, "k", i)
		}
		if n := a.spy.reads.Load() + a.spy.headers.Load(); n != 0 {
			t.Errorf("the node read its own writes from the server, %d times", n)
		}
	})
}

// The environment of a pod is the same for all caches in it, and after a restart.
func TestSeed_DC7_IdentityIsNotThatOfTheHost(t *testing.T) {
	t.Setenv("HOSTNAME", "pod-1")
	t.Setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
	w := startRedis(t)
	p := listen(t, w)
	a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
	a.spread(t, "k", 1, b)
	b.want(t, "k", 1)
	a.commit(t, "k", 2)
	soon(t, time.Second, "the update on B", func() bool { return b.has(t, "k", 2) })
	b.commit(t, "k", 3)
	soon(t, time.Second, "the update on A", func() bool { return a.has(t, "k", 3) })

	again := start(t, w, setting{}) // as after a restart
	again.commit(t, "k", 4)
	ids := map[[16]byte]bool{}
	for _, m := range p.messages(t, "app") {
		ids[m.Node] = true
	}
	if len(ids) != 3 {
		t.Errorf("3 nodes have %d identities", len(ids))
	}
}

// A removal is not an error where there is nothing.
func TestSeed_DC4_RemovalOfNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
		if outcome, err := b.Remove(t.Context(), "k"); outcome != core.Committed || err != nil {
			t.Errorf("remove: %v, %v", outcome, err)
		}
		if _, err := a.GetOrSet(t.Context(), "k", broken().load); !errors.Is(err, errBoom) {
			t.Errorf("get or set: %v", err)
		}
		a.ask(t, "k", gives(1), 1)
		soon(t, time.Second, "the value on B", func() bool {
			// The message of the removal may come late, and keep a load from storing.
			_, _ = a.GetOrSet(t.Context(), "k", gives(1).load)
			return b.has(t, "k", 1)
		})
	})
}

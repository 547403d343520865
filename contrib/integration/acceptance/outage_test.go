// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

// guarded are options with a circuit breaker, as quickstart sets it up.
func guarded(o core.EntryOptions, limits breaker.LayerOptions) hybrid.Options {
	circuits := hybrid.Must(breaker.New(&breaker.Options{Distributed: limits, Backplane: limits}))
	return hybrid.Options{Defaults: o, Plugins: []core.Plugin{circuits}}
}

func TestSeed_DC9_GoesOnWithMemoryAloneForTenSeconds(t *testing.T) {
	t.Parallel()
	everywhereConnected(t, func(t *testing.T, w world) {
		t.Parallel()
		within3(t, func() error { return tenSecondsAlone(t, w) })
	})
}

// tenSecondsAlone has two nodes without a server: one that memory is to last for as
// long as it takes, and one that must not serve for long what others may have
// overwritten.
func tenSecondsAlone(t *testing.T, w world) error {
	o := core.EntryOptions{TTL: time.Hour}
	lasting, cautious := guarded(o, breaker.LayerOptions{}), guarded(o, breaker.LayerOptions{})
	lasting.Pulse.AloneTTL = core.Forever
	name := fmt.Sprint(time.Now().UnixNano())
	a := start(t, w, setting{Options: lasting, objects: true, app: "a" + name})
	b := start(t, w, setting{Options: cautious, app: "b" + name})
	var cut time.Time // of B, in the end
	for _, n := range []*node{a, b} {
		n.commit(t, "held", 1)
		n.commit(t, "kept", 1)
		cut = time.Now()
		n.cutOff()
		defer n.heal()
		soon(t, patience, "the breaker to open", func() bool {
			n.ask(t, "opener", gives(1), 1, core.TTL(time.Nanosecond))
			return n.count(core.BreakerChanged) > 0
		})
	}
	var cold, hits times
	held := gives(1)
	begin, kept := time.Now(), time.Duration(0)
	for i := range 1000 {
		at(begin, time.Duration(i)*10*time.Millisecond)
		for range 3 {
			found := false
			hits.add(timed(func() { found = a.has(t, "kept", 1) }))
			if !found {
				return fmt.Errorf("what memory held is gone after %v", time.Since(begin))
			}
			hits.add(timed(func() { b.ask(t, "held", held, 1) }))
		}
		if b.has(t, "kept", 1) {
			kept = time.Since(cut)
		}
		for _, n := range []*node{a, b} {
			cold.add(timed(func() { n.ask(t, fmt.Sprint("new", i), gives(i), i) }))
			n.set(t, "own", i)
			n.want(t, "own", i)
		}
		if !a.has(t, fmt.Sprint("new", i/2), i/2) {
			return fmt.Errorf("value %d is gone after %v", i/2, time.Since(begin))
		}
	}
	t.Logf("cold p99 %v, hits p99 %v; without AloneTTL %d loads of the held key, and Get misses after %v",
		cold.quantile(0.99), hits.quantile(0.99), held.calls.Load(), kept)
	slower := time.Duration(1)
	if raceDetector {
		slower = 10
	}
	if p99 := cold.quantile(0.99); p99 > slower*10*time.Millisecond {
		return tooSlow("99 of 100 loads", p99, slower*10*time.Millisecond)
	}
	if p99 := hits.quantile(0.99); p99 > slower*time.Millisecond {
		return tooSlow("99 of 100 hits", p99, slower*time.Millisecond)
	}
	// It has heard that all is well a second before the cut at the earliest.
	if kept < 3*time.Second || kept > 5*time.Second {
		return fmt.Errorf("Get has found what memory holds for %v, want about 4.5 s", kept)
	}
	if n, took := held.calls.Load(), time.Since(begin); n > int64(took/(2*time.Second)) {
		t.Errorf("the held key was loaded %d times in %v", n, took)
	}
	return nil
}

func TestSeed_DC10_ReconnectsWithinASecondOfACut(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
		within3(t, func() error {
			a.spread(t, "k", 1, b)
			joinsA, joinsB := a.count(core.Joined), b.count(core.Joined)
			begin := time.Now()
			a.net.Cut()
			b.net.Cut()
			soon(t, patience, "both subscriptions", func() bool {
				return a.count(core.Joined) > joinsA && b.count(core.Joined) > joinsB && subscribers(t, w) == 2
			})
			soon(t, patience, "a write", func() bool { return a.set(t, "k", 2) == core.Committed })
			soon(t, patience, "the write on B", func() bool { return b.has(t, "k", 2) })
			if d := since(begin); d > time.Second {
				return tooSlow("the reconnection", d, time.Second)
			}
			return nil
		})
	})
}

// subscribers returns how many nodes are subscribed, as far as the server tells.
func subscribers(t *testing.T, w world) int64 {
	t.Helper()
	r, ok := w.(redisWorld)
	if !ok {
		return 2
	}
	channel := hybrid.Channel("app")
	return r.Client().PubSubNumSub(t.Context(), channel).Val()[channel]
}

// A minute without a server, with traffic: reads, writes, signs of life,
// subscriptions and what is owed all want to connect. Then it is back.
func TestSeed_DC10_AttemptsAreFewInAMinuteWithoutAServer(t *testing.T) {
	t.Parallel()
	everywhereConnected(t, func(t *testing.T, w world) {
		t.Parallel()
		a := start(t, w, setting{Options: guarded(core.EntryOptions{TTL: time.Minute}, breaker.LayerOptions{})})
		b := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}}) // no breaker
		for _, n := range []*node{a, b} {
			n.commit(t, "k", 1)
			n.cutOff()
		}
		const tenths, most = 600, 50
		begin, beforeA, beforeB := time.Now(), a.net.Accepted(), b.net.Accepted()
		for i := range tenths {
			at(begin, time.Duration(i)*100*time.Millisecond)
			a.set(t, "k", i)
			a.ask(t, fmt.Sprint("a", i), gives(i), i)
			b.set(t, "k", i)
			b.ask(t, fmt.Sprint("b", i), gives(i), i)
		}
		at(begin, tenths*100*time.Millisecond)
		numbers := [...]int{a.net.Accepted() - beforeA, b.net.Accepted() - beforeB}
		t.Logf("%d attempts with a circuit breaker, %d without", numbers[0], numbers[1])
		for _, n := range numbers {
			if n > most {
				t.Errorf("%d attempts to connect, want %d at most", n, most)
			}
		}
		a.heal()
		b.heal()
		soon(t, 5*time.Second, "a write", func() bool { return a.set(t, "after", 1) == core.Committed })
		soon(t, 5*time.Second, "the write on B", func() bool { return b.has(t, "after", 1) })
	})
}

// B hears nothing for five seconds, during which A writes; B's connection for
// commands is cut as well.
func TestSeed_DC11_CatchesUpAfterAGap(t *testing.T) {
	t.Parallel()
	everywhereConnected(t, func(t *testing.T, w world) {
		t.Parallel()
		a, b := pair(t, w, core.EntryOptions{TTL: time.Hour, StaleTTL: 2 * time.Hour})
		for _, key := range []string{"k", "j", "same"} {
			a.spread(t, key, 1, b)
			b.want(t, key, 1)
		}
		begin := time.Now()
		b.cutOff()
		a.commit(t, "k", 2)
		_, _ = a.Remove(t.Context(), "j")
		at(begin, 5*time.Second)
		b.net.Restore()
		restored := time.Now()
		soon(t, 2*time.Second, "B to have what A wrote", func() bool { return b.has(t, "k", 2) && b.misses(t, "j") })
		t.Logf("B caught up in %v", time.Since(restored))
		soon(t, patience, "B to hear again", func() bool { return b.count(core.Joined) == 2 })
		reads := b.spy.reads.Load()
		b.want(t, "same", 1)
		if n := b.spy.reads.Load() - reads; n != 0 && hasHeaders(b) {
			t.Errorf("what had not changed was read again in full, %d times", n)
		}
		a.spread(t, "k", 3, b)
		soon(t, time.Second, "the next write on B", func() bool { return b.has(t, "k", 3) })
	})
}

func hasHeaders(n *node) bool {
	_, ok := core.As[core.Arbiter](n.spy.DistributedLayer)
	return ok
}

// Only the subscription is gone, commands go on: a client that only looks at its
// commands would notice nothing.
func TestSeed_DC11_SubscriptionAloneIsCut(t *testing.T) {
	w := startRedis(t)
	a, b := pair(t, w, core.EntryOptions{TTL: time.Hour})
	a.spread(t, "k", 1, b)
	b.want(t, "k", 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for v := 2; v < 12; v++ {
		if err := w.Client().ClientKillByFilter(ctx, "TYPE", "pubsub").Err(); err != nil {
			t.Fatal(err)
		}
		a.set(t, "k", v) // B may hear of it or not
		soon(t, 3*time.Second, fmt.Sprint("value ", v, " on B"), func() bool { return b.has(t, "k", v) })
		a.want(t, "k", v)
	}
}

// The server drops a subscriber that does not keep up.
func TestSeed_DC11_DroppedByTheServerForBeingSlow(t *testing.T) {
	t.Parallel()
	w := startRedis(t)
	if err := w.Client().ConfigSet(t.Context(), "client-output-buffer-limit", "pubsub 256kb 128kb 1").Err(); err != nil {
		t.Fatal(err)
	}
	a, b := pair(t, w, core.EntryOptions{TTL: time.Hour})
	a.spread(t, "k", 1, b)
	b.want(t, "k", 1)
	b.net.Hang()
	a.commit(t, "k", 2)
	filler := string(make([]byte, 60<<10))
	soon(t, patience, "the server to drop B", func() bool {
		_, _ = w.Client().Pipelined(t.Context(), func(p redis.Pipeliner) error {
			for range 200 {
				p.Publish(t.Context(), hybrid.Channel("app"), filler)
			}
			return nil
		})
		return subscribers(t, w) < 2
	})
	b.net.Restore()
	soon(t, 2*time.Second, "B to have what A wrote", func() bool { return b.has(t, "k", 2) })
	soon(t, patience, "B to hear again", func() bool { return subscribers(t, w) == 2 })
	a.commit(t, "k", 3)
	soon(t, time.Second, "the next write on B", func() bool { return b.has(t, "k", 3) })
}

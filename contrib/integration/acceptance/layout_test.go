// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSeed_BL15_KeysAndChannelBeginWithTheName(t *testing.T) {
	w := startRedis(t)
	a := start(t, w, setting{app: "my_app"})
	a.commit(t, "user:1", 1)
	keys := w.Client().Keys(t.Context(), "*").Val()
	if want := "my_app:1:e:v:user:1"; !slices.Contains(keys, want) {
		t.Errorf("Redis has the keys %q, want %q among them", keys, want)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "my_app:1:") {
			t.Errorf("key %q does not begin with the name", key)
		}
	}
	channels := w.Client().PubSubChannels(t.Context(), "*").Val()
	if want := "my_app:1:bus"; !slices.Equal(channels, []string{want}) || slices.Contains(keys, want) {
		t.Errorf("the channels are %q, want only %q, and no such key", channels, want)
	}
}

// Names that contain what separates names do not meet, on the server or on the
// channel.
func TestSeed_BL15_ApplicationsNeverCollide(t *testing.T) {
	w := startRedis(t)
	var nodes []*node
	apps := []string{"a", "a:b", "a:1:e", "b", "A", "a%3ab"}
	keys := []string{"k", "b:1:e:v:k", ":k", "1:e:v:k"}
	for i, app := range apps {
		n := start(t, w, setting{app: app, objects: i%2 == 0})
		nodes = append(nodes, n)
		for j, key := range keys {
			n.commit(t, key, 10*i+j)
		}
	}
	for i, n := range nodes {
		for j, key := range keys {
			n.want(t, key, 10*i+j)
			start(t, w, setting{app: apps[i]}).want(t, key, 10*i+j)
		}
		if heard := n.count(core.MessageReceived) + n.count(core.MessageRejected); heard != 0 {
			t.Errorf("%q heard %d messages of other applications", apps[i], heard)
		}
	}
	if n := w.Client().DBSize(t.Context()).Val(); n != int64(len(apps)*(len(keys)+1)) {
		t.Errorf("Redis has %d keys, want one for each, and one mark per application", n)
	}
}

func TestSeed_BL15_ViewsOfOneApplicationAreIsolated(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
		views := func(n *node) (*hybrid.Cache[int], *hybrid.Cache[string]) {
			return hybrid.Must(hybrid.Of[int](n.stack, "x")), hybrid.Must(hybrid.Of[string](n.stack, "y"))
		}
		xa, ya := views(a)
		xb, yb := views(b)
		_, err1 := xa.Set(t.Context(), "k", 1)
		_, err2 := ya.Set(t.Context(), "k", "one")
		x, ok1, err3 := xb.Get(t.Context(), "k")
		y, ok2, err4 := yb.Get(t.Context(), "k")
		if x != 1 || y != "one" || !ok1 || !ok2 || err1 != nil || err2 != nil || err3 != nil || err4 != nil {
			t.Errorf("x: %d, %t, %v, %v; y: %q, %t, %v, %v", x, ok1, err1, err3, y, ok2, err2, err4)
		}
		_, _ = xa.Remove(t.Context(), "k")
		soon(t, time.Second, "the removal from x", func() bool { _, ok, _ := xb.Get(t.Context(), "k"); return !ok })
		if y, ok, err := yb.Get(t.Context(), "k"); y != "one" || !ok || err != nil {
			t.Errorf("a removal from x took %q, %t, %v from y", y, ok, err)
		}
	})
}

func TestSeed_BL17_LifeInRedis(t *testing.T) {
	const ms = time.Millisecond
	w := startRedis(t)
	for name, c := range map[string]struct {
		options core.EntryOptions
		life    time.Duration
	}{
		"1900 ms":             {core.EntryOptions{TTL: time.Minute, DistributedTTL: 1900 * ms}, 1900 * ms},
		"500 ms":              {core.EntryOptions{TTL: time.Minute, DistributedTTL: 500 * ms}, 500 * ms},
		"1 ms":                {core.EntryOptions{TTL: time.Minute, DistributedTTL: time.Minute + ms/2}, time.Minute + ms},
		"unset":               {core.EntryOptions{TTL: time.Minute}, time.Minute},
		"unset, fail-safe":    {core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}, time.Hour},
		"unset, no TTL":       {core.EntryOptions{}, core.DefaultDistributedTTL},
		"300 s, as in README": {core.EntryOptions{TTL: time.Minute, DistributedTTL: 300 * time.Second}, 300 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			a := start(t, w, setting{Options: hybrid.Options{Defaults: c.options}})
			within3(t, func() error {
				a.commit(t, "k", 1)
				if left := w.left(t, "app", "k"); left <= c.life-100*ms || left > c.life {
					return fmt.Errorf("PTTL is %v, want (%v, %v]", left, c.life-100*ms, c.life)
				}
				return nil
			})
		})
	}
	t.Run("for ever by choice", func(t *testing.T) {
		a := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, DistributedTTL: core.Forever}}})
		a.commit(t, "k", 1)
		if left := w.left(t, "app", "k"); left != -1 {
			t.Errorf("PTTL is %v, want none", left)
		}
	})
}

func TestSeed_DC22_EveryKeyInRedisExpires(t *testing.T) {
	t.Parallel()
	w := startRedis(t)
	a := start(t, w, setting{objects: true})
	const n = 10_000
	share(16, n, func(i int) { a.set(t, fmt.Sprint("k", i), i) })
	if size := w.Client().DBSize(t.Context()).Val(); size < n {
		t.Errorf("Redis has %d keys, want at least %d", size, n)
	}
	scan := w.Client().Scan(t.Context(), 0, "*", 1000).Iterator()
	pipe := w.Client().Pipeline()
	for scan.Next(t.Context()) {
		pipe.PTTL(t.Context(), scan.Val())
	}
	replies, err := pipe.Exec(t.Context())
	if err != nil || len(replies) < n {
		t.Fatalf("%d replies, %v", len(replies), err)
	}
	for _, reply := range replies {
		if left, ok := reply.(interface{ Val() time.Duration }); !ok || left.Val() <= 0 {
			t.Fatalf("%v", reply)
		}
	}
}

// The times of the promise, 60 to 1: a life of 1 s in memory and of 10 s in
// Redis, then of 1 s in memory and of 167 ms in Redis.
func TestSeed_DC17_LifeInRedisIsIndependentOfLifeInMemory(t *testing.T) {
	t.Parallel()
	w := startRedis(t)
	longer := core.EntryOptions{TTL: time.Second, DistributedTTL: 10 * time.Second}
	a, b := pair(t, w, longer)
	begin := time.Now()
	a.commit(t, "k", 1)
	end := time.Now().Add(longer.DistributedTTL)
	f := gives(2)
	for d := time.Second; d <= 9*time.Second; d += time.Second {
		at(begin, d+17*time.Millisecond)
		a.ask(t, "k", f, 1)
		b.ask(t, "k", f, 1)
	}
	f.want(t, 0)
	if n := a.spy.reads.Load() + a.spy.headers.Load(); n < 5 {
		t.Errorf("memory was filled again %d times, want about once a second", n)
	}
	at(end, 17*time.Millisecond)
	a.ask(t, "k", f, 2)
	f.want(t, 1)
}

func TestSeed_DC17_ShorterLifeInRedis(t *testing.T) {
	w := startRedis(t)
	slower3(t, func(factor time.Duration) error {
		short := factor * 167 * time.Millisecond
		a := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: factor * time.Second, DistributedTTL: short}}})
		begin := time.Now()
		a.commit(t, "k", 1)
		at(begin, short+20*time.Millisecond)
		if left := w.left(t, "app", "k"); left != -2 {
			t.Errorf("Redis still has the key, for %v", left)
		}
		_, ok := a.get(t, "k")
		if time.Since(begin) > factor*900*time.Millisecond {
			return fmt.Errorf("the machine was busy for %v", time.Since(begin))
		}
		if !ok {
			t.Error("memory does not have it any more")
		}
		return nil
	})
}

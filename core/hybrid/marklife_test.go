// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/cachetest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/layer"
)

// The marks of the cache and of tags end some time after they were last read, and not
// while they are in use: all that was stored under them would end with them.
func TestMarks_LiveForAsLongAsTheyAreRead(t *testing.T) {
	for name, layered := range map[string]func(core.DistributedLayer) core.DistributedLayer{
		"a server that decides": func(d core.DistributedLayer) core.DistributedLayer { return d },
		"one that stores":       func(d core.DistributedLayer) core.DistributedLayer { return justStores{d} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := open[int](t, hybrid.Options{Distributed: layered(cachetest.NewServer()), Defaults: core.EntryOptions{TTL: 20 * time.Hour}})
				tagged := []core.Option{core.Tags("t")}
				if name == "one that stores" {
					tagged = nil // there the marks of tags do end
				}
				set(t, c, -1, tagged...)
				time.Sleep(7 * time.Hour) // so that no mark ends just when it would be written anew
				for day := range 100 {
					if _, err := c.Set(t.Context(), "k", day, tagged...); err != nil {
						t.Fatal(err)
					}
					for hour := range 19 {
						time.Sleep(time.Hour)
						if v, ok, err := c.Get(t.Context(), "k", core.Without(core.SkipMemory)); v != day || !ok || err != nil {
							t.Fatalf("day %d, hour %d: got %d, %v, %v", day, hour, v, ok, err)
						}
					}
					time.Sleep(5 * time.Hour)
				}
			})
		})
	}
}

// justStores hides that a layer decides about writes.
type justStores struct{ core.DistributedLayer }

// secret is a key to encrypt with.
var secret = []byte("32 random bytes, from your vault")

// Nodes that cannot read each other's marks leave them alone: if each drew its own, no
// entry of either would live longer than until the other looks.
func TestMarks_AreNotReplacedByWhoCannotReadThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cachetest.NewServer()
		defaults := core.EntryOptions{TTL: time.Hour}
		plain := open[int](t, hybrid.Options{Distributed: server, Defaults: defaults})
		sealed := open[int](t, hybrid.Options{Distributed: hybrid.Must(layer.Encrypt(server, secret)), Defaults: defaults})
		ours, theirs := cachetest.Returns(1), cachetest.Returns(2)
		for range 600 {
			_, _ = plain.GetOrSet(t.Context(), "plain", ours.Load)
			_, _ = sealed.GetOrSet(t.Context(), "sealed", theirs.Load)
			time.Sleep(time.Second)
			_, _ = plain.Set(t.Context(), "other", 1) // it looks at its marks
			_, _ = sealed.Set(t.Context(), "another", 1)
		}
		if ours.Calls() > 2 || theirs.Calls() > 2 {
			t.Errorf("%d and %d loads of a key each, want 1", ours.Calls(), theirs.Calls())
		}

		_, _ = sealed.Stack().Clear(t.Context())
		time.Sleep(10 * time.Second)
		_, _ = plain.Set(t.Context(), "other", 1)
		if v, ok, _ := plain.Get(t.Context(), "plain"); ok {
			t.Errorf("%d is left after the other node has cleared the cache", v)
		}
	})
}

// So it is with a mark of a newer release.
func TestMarks_OfANewerReleaseStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := cachetest.NewServer()
		h := core.Header{Version: core.Version{Time: time.Now().UnixMilli(), Node: 7, Op: 1}, Kind: core.ValueWrite}
		newer := append(core.AppendHeader(nil, h), 200, 1, 2, 3)
		if err := server.Set(t.Context(), "app:1:m:", newer, time.Hour); err != nil {
			t.Fatal(err)
		}
		a, b := open[int](t, hybrid.Options{Distributed: server}), open[int](t, hybrid.Options{Distributed: server})
		set(t, a, 5)
		expectHit(t, b, 5)
		if now, _, _ := server.Get(t.Context(), "app:1:m:"); !bytes.Equal(now, newer) {
			t.Errorf("the mark was replaced: %q", now)
		}
		if _, err := b.Stack().Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if v, ok, _ := b.Get(t.Context(), "k"); ok {
			t.Errorf("%d is left after Clear", v)
		}
	})
}

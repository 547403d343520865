// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
)

// removal is an explicit removal, later than forced.
func removal() core.Write {
	w := forced("")
	h := core.Header{Version: core.Version{Time: 2, Node: 1, Op: 2}, Kind: core.TombstoneWrite}
	w.Data = core.AppendHeader(nil, h)
	return w
}

// What a server that is full cannot store must not leave behind what it would have
// replaced: row 9 of the faults.
func TestFullServer_KeepsNothingThatIsObsolete(t *testing.T) {
	t.Parallel()
	s, without := startScriptless(t)
	for name, layer := range map[string]*redisdist.Layer{"script": open(t, s.URL(), nil), "without scripts": open(t, without, nil)} {
		mustArbitrate(t, layer, name, forced("old"))
		filled := forced("old")
		mustArbitrate(t, layer, name+", fill", filled)
		mustArbitrate(t, layer, name+", removed", forced("old"))
		limit := func(bytes int) {
			if err := s.Client().ConfigSet(t.Context(), "maxmemory", fmt.Sprint(bytes)).Err(); err != nil {
				t.Fatal(err)
			}
		}
		limit(1)
		if r, err := layer.Arbitrate(t.Context(), name, forced("new")); !redis.IsOOMError(err) {
			t.Errorf("%s: a value was stored on a full server: %+v, %v", name, r, err)
		}
		if data, _, err := layer.Get(t.Context(), name); len(data) > core.HeaderSize || err != nil {
			t.Errorf("%s: the obsolete value is still there: %q, %v", name, data, err)
		}

		r, err := layer.Arbitrate(t.Context(), name+", removed", removal())
		if tombstone := err == nil && r.Stored && r.Header.Kind == core.TombstoneWrite; !tombstone && !redis.IsOOMError(err) || tombstone != (name == "script") {
			t.Errorf("%s: removal gave %+v, %v", name, r, err)
		}
		if data, ok, err := layer.Get(t.Context(), name+", removed"); err != nil || ok && len(data) > core.HeaderSize {
			t.Errorf("%s: what was removed is still there: %q, %v", name, data, err)
		}

		fill := core.Write{Mode: core.Fill, TTL: filled.TTL, Expect: filled.Data[:core.HeaderSize], Data: removal().Data}
		if r, err := layer.Arbitrate(t.Context(), name+", fill", fill); !redis.IsOOMError(err) {
			t.Errorf("%s: a fill was stored on a full server: %+v, %v", name, r, err)
		}
		wantValue(t, layer, name+", fill", string(filled.Data))
		limit(0)
	}
}

// A value that a full server refuses leaves a tombstone. In its place there may have been
// one already: a load from before that removal must not find the place empty.
func TestFullServer_KeepsOutLoadsFromBefore(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), nil)
	mustArbitrate(t, l, "k", removal())
	if err := s.Client().ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Arbitrate(t.Context(), "k", forced("new")); !redis.IsOOMError(err) {
		t.Errorf("set on a full server: %v", err)
	}
	if err := s.Client().ConfigSet(t.Context(), "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	fill := forced("old")
	fill.Mode = core.Fill // it has seen nothing
	if r := mustArbitrate(t, l, "k", fill); r.Stored {
		t.Errorf("a load from before the removal was stored: %+v", r)
	}
	if ttl := s.Client().PTTL(t.Context(), "k").Val(); ttl <= 0 {
		t.Errorf("the tombstone has ttl %v", ttl)
	}
}

// So it is for what a stack removes while the server is full.
func TestFullServer_TakesTheRemovalOfMany(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), nil)
	var writes []core.KeyWrite
	for i := range 10 {
		key := fmt.Sprint("k", i)
		mustArbitrate(t, l, key, forced("old"))
		writes = append(writes, core.KeyWrite{Key: key, Write: removal()})
	}
	if err := s.Client().ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	many, err := l.ArbitrateMany(t.Context(), writes)
	if err != nil {
		t.Fatal(err)
	}
	for i, one := range many {
		if one.Err != nil || !one.Ruling.Stored || one.Ruling.Header.Kind != core.TombstoneWrite {
			t.Errorf("%s: %+v", writes[i].Key, one)
		}
	}
}

func TestFullServer_SaysSo(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, &redistest.Options{Config: []string{"--maxmemory", "1", "--maxmemory-policy", "noeviction"}})
	l := open(t, s.URL(), nil)
	if err := l.Set(t.Context(), "k", []byte("v"), time.Minute); !errors.Is(err, core.ErrNoRoom) {
		t.Errorf("set: %v", err)
	}
	if _, err := l.Arbitrate(t.Context(), "k", forced("v")); !errors.Is(err, core.ErrNoRoom) {
		t.Errorf("arbitrate: %v", err)
	}
	many, err := l.ArbitrateMany(t.Context(), []core.KeyWrite{{Key: "k", Write: forced("v")}})
	if err != nil || !errors.Is(many[0].Err, core.ErrNoRoom) {
		t.Errorf("many: %v, %v", many, err)
	}
}

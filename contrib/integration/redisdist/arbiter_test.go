// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
)

// forced is an explicit write with a life of a minute.
func forced(body string) core.Write {
	h := core.Header{Version: core.Version{Time: 1, Node: 1, Op: 1}, Kind: core.ValueWrite}
	return core.Write{Mode: core.Force, TTL: time.Minute, TombstoneTTL: time.Minute, Data: append(core.AppendHeader(nil, h), body...)}
}

func mustArbitrate(tb testing.TB, l *redisdist.Layer, key string, w core.Write) core.Ruling {
	tb.Helper()
	r, err := l.Arbitrate(within(tb, patience), key, w)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestArbitrate_LeavesAnotherTypeAlone(t *testing.T) {
	t.Parallel()
	s, scriptless := startScriptless(t)
	if err := s.Client().RPush(t.Context(), "list", "x").Err(); err != nil {
		t.Fatal(err)
	}
	for _, l := range []*redisdist.Layer{open(t, s.URL(), nil), open(t, scriptless, nil)} {
		if r, err := l.Arbitrate(t.Context(), "list", forced("")); err != nil || r != (core.Ruling{Foreign: true}) {
			t.Errorf("a list gave %+v, %v, want it to be foreign", r, err)
		}
		many, err := l.ArbitrateMany(t.Context(), []core.KeyWrite{{Key: "list", Write: forced("")}})
		if err != nil || many[0].Err != nil || many[0].Ruling != (core.Ruling{Foreign: true}) {
			t.Errorf("many writes to a list gave %+v, %v", many, err)
		}
		if _, ok, err := l.Get(t.Context(), "list"); ok || !errors.Is(err, core.ErrForeign) {
			t.Errorf("get of a list: %v, %v, want ErrForeign", ok, err)
		}
		if _, ok, err := l.ReadHeader(t.Context(), "list"); ok || !errors.Is(err, core.ErrForeign) {
			t.Errorf("read header of a list: %v, %v, want ErrForeign", ok, err)
		}
	}
	if n := s.Client().LLen(t.Context(), "list").Val(); n != 1 {
		t.Errorf("the list has %d elements", n)
	}
}

func TestArbitrate_SetsTheTTLInMilliseconds(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), nil)
	w := forced("")
	w.TTL = 1500*time.Millisecond + time.Microsecond
	mustArbitrate(t, l, "k", w)
	if ttl := s.Client().PTTL(t.Context(), "k").Val(); ttl <= time.Second || ttl > 1501*time.Millisecond {
		t.Errorf("ttl is %v", ttl)
	}
	w.TTL = core.Forever
	mustArbitrate(t, l, "k", w)
	if ttl := s.Client().PTTL(t.Context(), "k").Val(); ttl >= 0 {
		t.Errorf("ttl is %v, want none", ttl)
	}
}

// A server that was restarted, or that has taken over, does not know the script.
func TestArbitrate_TeachesTheScriptOnce(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), nil)
	for range 2 {
		if err := s.Client().ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		before := s.CommandStats(t)
		for range 5 {
			if r := mustArbitrate(t, l, "k", forced("v")); !r.Stored {
				t.Errorf("ruling %+v", r)
			}
		}
		after := s.CommandStats(t)
		if full, short := after["eval"]-before["eval"], after["evalsha"]-before["evalsha"]; full != 1 || short != 5 {
			t.Errorf("EVAL was called %d times, EVALSHA %d times, want 1 and 5", full, short)
		}
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
)

// The script and core.Write.Decide are one rule in two languages.
func TestArbitrate_DecidesAsCoreDoes(t *testing.T) {
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), nil)
	rnd := rand.New(rand.NewPCG(1, 2))
	stored, refused, doubted := 0, 0, 0
	for round := range 400 {
		key := fmt.Sprint("k", round)
		var place []byte
		for step := range 10 {
			w := randomWrite(rnd, place)
			want := w.Decide(place)
			got, err := l.Arbitrate(t.Context(), key, w)
			if err != nil {
				t.Fatal(err)
			}
			if got != want.Ruling {
				t.Fatalf("round %d step %d: %+v over %q: ruling %+v, want %+v", round, step, w, head(place), got, want.Ruling)
			}
			if want.Store {
				place = bytes.Clone(want.Data)
				stored++
			} else {
				refused++
			}
			if want.Store && want.Header.Kind == core.TombstoneWrite && w.Data[46] != 'T' {
				doubted++
			}
			data, _, err := l.Get(t.Context(), key)
			if err != nil || !bytes.Equal(data, place) {
				t.Fatalf("round %d step %d: %+v: holds %q, want %q (%v)", round, step, w, data, place, err)
			}
		}
	}
	if stored < 500 || refused < 200 || doubted < 20 {
		t.Errorf("stored %d, refused %d, doubted %d: not all branches were taken", stored, refused, doubted)
	}
}

func head(place []byte) []byte { return place[:min(len(place), core.HeaderSize)] }

func randomWrite(rnd *rand.Rand, place []byte) core.Write {
	v := core.Version{
		Time: 1_785_000_000_000 + rnd.Int64N(5), Tick: uint32(rnd.IntN(3)),
		Bump: uint32(rnd.IntN(2)) * (core.MaxTick - 1), Node: 0xa0 + rnd.Uint64N(3), Op: rnd.Uint64N(4),
	}
	kinds := []core.WriteKind{core.ValueWrite, core.FillWrite, core.TombstoneWrite}
	h := core.Header{Version: v, Kind: kinds[rnd.IntN(3)]}
	w := core.Write{
		Mode: core.Mode(1 + rnd.IntN(3)), TTL: time.Minute, TombstoneTTL: time.Minute,
		Skew: time.Duration(rnd.IntN(3)) * time.Millisecond,
		Data: append(core.AppendHeader(nil, h), fmt.Sprint("body", rnd.IntN(100))...),
	}
	if h.Kind == core.TombstoneWrite {
		w.Data = w.Data[:core.HeaderSize]
	}
	if rnd.IntN(2) == 0 {
		w.Expect = head(place)
	} else if rnd.IntN(2) == 0 {
		w.Expect = core.AppendHeader(nil, h)
	}
	return w
}

func TestArbitrate_LeavesForeignDataAlone(t *testing.T) {
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), nil)
	mustSet(t, l, "k", "somebody else's")
	w := core.Write{Mode: core.Force, TTL: time.Minute, Data: core.AppendHeader(nil, core.Header{Kind: core.ValueWrite})}
	r, err := l.Arbitrate(t.Context(), "k", w)
	if err != nil || !r.Foreign || r.Stored {
		t.Errorf("ruling %+v, %v; want foreign", r, err)
	}
	if data, _, _ := l.Get(t.Context(), "k"); string(data) != "somebody else's" {
		t.Errorf("holds %q", data)
	}
	s.Client().RPush(context.Background(), "list", "x")
	if r, err := l.Arbitrate(t.Context(), "list", w); err == nil {
		t.Errorf("a list gave %+v, want an error", r)
	}
}

func TestArbitrate_SetsTheTTL(t *testing.T) {
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), nil)
	w := core.Write{Mode: core.Force, TTL: 1500 * time.Millisecond, Data: core.AppendHeader(nil, core.Header{Kind: core.ValueWrite})}
	if _, err := l.Arbitrate(t.Context(), "k", w); err != nil {
		t.Fatal(err)
	}
	if ttl := s.Client().PTTL(t.Context(), "k").Val(); ttl <= time.Second || ttl > 1500*time.Millisecond {
		t.Errorf("ttl is %v", ttl)
	}
	w.TTL = core.Forever
	if _, err := l.Arbitrate(t.Context(), "k", w); err != nil {
		t.Fatal(err)
	}
	if ttl := s.Client().PTTL(t.Context(), "k").Val(); ttl >= 0 {
		t.Errorf("ttl is %v, want none", ttl)
	}
}

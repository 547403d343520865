// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

func TestSeed_CM1_ColdKeyIsLoadedOnceAndKeptOnAllLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		a, b := open[int](t, net.join(core.EntryOptions{})), open[int](t, net.join(core.EntryOptions{}))
		synctest.Wait()
		f := &F[int]{results: []func() (int, error){returns(1)}}
		expectAsk(t, a, f, 1, 1)
		if !net.holds(t) {
			t.Error("the server does not have it")
		}
		gets := net.gets.Load()
		expectAsk(t, a, f, 1, 1)
		expectCount(t, "reads of the server", &net.gets, gets)
		expectAsk(t, b, f, 1, 1)
	})
}

func TestSeed_CM1_ServerThatFailsIsOnlyAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := open[int](t, hybrid.Options{Distributed: s})
		failures := watch(c, core.LayerFailed)
		s.down.Store(true)
		f := &F[int]{results: []func() (int, error){returns(1)}}
		expectAsk(t, c, f, 1, 1)
		expectAsk(t, c, f, 1, 1)
		about := slices.DeleteFunc(failures.all(), func(ev core.Event) bool { return ev.Key != "v:k" })
		if len(about) == 0 || about[0].Level != core.LevelDistributed || about[0].Op != core.OpGet {
			t.Errorf("events: %+v", failures.all())
		}
		s.down.Store(false) // or the end would find writes that are known to this node only
		time.Sleep(time.Minute)
	})
}

func TestSeed_CM1_BytesThatCannotBeReadAreAMiss(t *testing.T) {
	for _, c := range []struct {
		name     string
		kind     core.Kind
		replaced bool
		write    func(t *testing.T, s *server)
	}{
		{"damaged", core.DecodeFailed, true, func(t *testing.T, s *server) {
			set(t, open[int](t, hybrid.Options{Distributed: s}), 9)
			data, _, _ := s.store.Get(t.Context(), serverKey)
			data[len(data)-1] ^= 1
			putBytes(t, s, data)
		}},
		{"of another type", core.DecodeFailed, true, func(t *testing.T, s *server) {
			set(t, open[string](t, hybrid.Options{Distributed: s}), "text")
		}},
		{"not ours", core.Foreign, false, func(t *testing.T, s *server) { putBytes(t, s, []byte("hello")) }},
		{"empty", core.Foreign, false, func(t *testing.T, s *server) { putBytes(t, s, []byte{}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				c.write(t, s)
				node := open[int](t, hybrid.Options{Distributed: s})
				events := tally(node, c.kind)
				f := &F[int]{results: []func() (int, error){returns(1)}}
				expectAsk(t, node, f, 1, 1)
				expectAsk(t, node, f, 1, 1)
				if events.Load() == 0 {
					t.Error("no event")
				}
				v, ok, err := open[int](t, hybrid.Options{Distributed: s}).Get(t.Context(), "k")
				if ok != c.replaced || (ok && v != 1) || err != nil {
					t.Errorf("another node reads %d, %v, %v", v, ok, err)
				}
			})
		})
	}
}

// later lays values out as a later version of this library may do.
type later struct{ wire.V1 }

func (later) Begin(dst []byte, r wire.Record) []byte {
	return append(core.AppendHeader(dst, r.Header), 2, 0)
}

// What a later version wrote is a miss and an event, and a load leaves it there.
func TestSeed_DC19_BytesOfALaterVersionAreAMissAndStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		set(t, open[int](t, hybrid.Options{Distributed: s}), 7)
		data, _, _ := s.store.Get(t.Context(), serverKey)
		header, err := core.ParseHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		data = wire.AppendFrame(later{}, nil, wire.Record{Key: serverKey, Header: header}, []byte("7, in another way"))
		putBytes(t, s, data)

		c := open[int](t, hybrid.Options{Distributed: s})
		w := watch(c, core.Foreign|core.DecodeFailed)
		expectMiss(t, c)
		expectAsk(t, c, &F[int]{results: []func() (int, error){returns(1)}}, 1, 1)
		if got, _, _ := s.store.Get(t.Context(), serverKey); !bytes.Equal(got, data) {
			t.Errorf("a load replaced it by %q", got)
		}
		if all := w.all(); len(all) == 0 || !errors.Is(all[0].Err, wire.ErrNewer) || all[0].Key != "v:k" {
			t.Errorf("events %+v", all)
		}
	})
}

func putBytes(t *testing.T, s *server, data []byte) {
	t.Helper()
	if err := s.store.Set(t.Context(), serverKey, data, time.Hour); err != nil {
		t.Fatal(err)
	}
}

func TestSeed_CM3_SetIsReadAtOnceEvenWithoutTheServer(t *testing.T) {
	for _, down := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t)
			c := open[int](t, hybrid.Options{Distributed: s})
			set(t, c, 1)
			s.down.Store(down)
			want := core.Committed
			if down {
				want = core.LocalOnly
			}
			if got := set(t, c, 2); got != want {
				t.Errorf("down %v: %v, want %v", down, got, want)
			}
			expectHit(t, c, 2)
			if _, err := c.Set(t.Context(), "k", 3, core.ReturnLayerErrors(true)); (err != nil) != down {
				t.Errorf("down %v: error %v", down, err)
			}
			expectHit(t, c, 3)
			s.down.Store(false)
			time.Sleep(time.Minute)
		})
	}
}

func TestSeed_CM3_OneWriteAndOneMessagePerSetAndPerLoad(t *testing.T) {
	for _, soft := range []time.Duration{0, 50 * time.Millisecond} {
		for _, hard := range []time.Duration{0, 80 * time.Millisecond, time.Second} {
			for _, stale := range []bool{false, true} {
				name := fmt.Sprintf("soft %v hard %v stale %v", soft, hard, stale)
				t.Run(name, func(t *testing.T) {
					o := core.EntryOptions{TTL: time.Minute, SoftTimeout: soft, HardTimeout: hard}
					if stale {
						o.StaleTTL = time.Hour
					}
					synctest.Test(t, func(t *testing.T) { countWrites(t, o) })
				})
			}
		}
	}
}

func countWrites(t *testing.T, o core.EntryOptions) {
	t.Helper()
	net := newNetwork(t)
	options := net.join(o)
	c, bus := open[int](t, options), options.Backplane.(*slowBus)
	synctest.Wait()
	expect := func(what string, n int64) {
		t.Helper()
		synctest.Wait()
		expectCount(t, what+": writes", &net.sets, n)
		expectCount(t, what+": messages", &bus.published, n)
	}
	set(t, c, 1)
	expect("a Set", 1)
	time.Sleep(time.Minute + time.Second)
	f := &F[int]{delay: 100 * time.Millisecond, results: []func() (int, error){returns(2)}}
	_, _ = c.GetOrSet(t.Context(), "k", f.load) // some give up, but the load goes on
	time.Sleep(time.Second)
	expectHit(t, c, 2)
	expectCalls(t, f, 1)
	expect("and a load", 2)
}

func TestSeed_CM4_OverwritingStartsALifeAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}})
		start := time.Now()
		set(t, c, 1)
		at(start, 50*time.Second)
		set(t, c, 2)
		at(start, 100*time.Second)
		expectHit(t, c, 2)
		at(start, 111*time.Second)
		expectMiss(t, c)
	})
}

func TestSeed_CM5_GetAsksTheServerOnlyForWhatMemoryLacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		set(t, open[int](t, hybrid.Options{Distributed: s}), 1)
		c := open[int](t, hybrid.Options{Distributed: s})
		s.get.be(10 * time.Millisecond)
		crowd(1000, func(int) { expectHit(t, c, 1) })
		expectCount(t, "reads of the server", &s.gets, 1)
		for range 100 {
			expectHit(t, c, 1)
		}
		expectCount(t, "reads of the server", &s.gets, 1)
	})
}

func TestSeed_CM5_HungServerHoldsUpOnlyMissesAndBriefly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := open[int](t, hybrid.Options{Distributed: s, Defaults: core.EntryOptions{DistributedTimeout: 100 * time.Millisecond}})
		set(t, c, 1)
		s.get.be(hang)
		took(t, 0, func() { expectHit(t, c, 1) })
		took(t, 100*time.Millisecond, func() {
			if _, ok, err := c.Get(t.Context(), "absent"); ok || err != nil {
				t.Errorf("got %v, %v, want a miss", ok, err)
			}
		})
	})
}

func TestSeed_CM6_RemoveReachesEveryLevelAndNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		a, b := open[int](t, net.join(safe())), open[int](t, net.join(safe()))
		synctest.Wait()
		set(t, a, 1)
		expectHit(t, b, 1)
		if outcome, err := a.Remove(t.Context(), "k"); outcome != core.Committed || err != nil {
			t.Errorf("Remove: %v, %v", outcome, err)
		}
		synctest.Wait()
		if net.holds(t) {
			t.Error("the server still has it")
		}
		f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
		for _, c := range []*hybrid.Cache[int]{a, b} {
			expectMiss(t, c)
			expectFailure(t, c, f, errBoom)
		}
	})
}

func TestSeed_CM6_ExpireKeepsTheOldValueForAFactoryThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		a, b := open[int](t, net.join(safe())), open[int](t, net.join(safe()))
		synctest.Wait()
		set(t, a, 1)
		expectHit(t, b, 1)
		if outcome, err := a.Expire(t.Context(), "k"); outcome != core.Committed || err != nil {
			t.Errorf("Expire: %v, %v", outcome, err)
		}
		synctest.Wait()
		f := &F[int]{results: []func() (int, error){fails[int](errBoom), fails[int](errBoom), returns(2)}}
		for i, c := range []*hybrid.Cache[int]{a, b} {
			expectMiss(t, c)
			expectAsk(t, c, f, 1, int64(i)+1)
		}
		time.Sleep(61 * time.Second)
		expectAsk(t, a, f, 2, 3)
		synctest.Wait()
		expectAsk(t, b, f, 2, 3)
	})
}

func TestSeed_CM7_HitsDoNotCallTheFactory(t *testing.T) {
	c := open[int](t, hybrid.Options{})
	set(t, c, 1)
	f := &F[int]{}
	for range 1000 {
		expectAsk(t, c, f, 1, 0)
	}
}

type pair struct{ X, Y int }

func TestSeed_CM8_NothingIsAValueToo(t *testing.T) {
	t.Run("nil pointer", func(t *testing.T) { cachesZero(t, nil, func(p *pair) bool { return p == nil }) })
	t.Run("empty slice", func(t *testing.T) { cachesZero(t, []int{}, func(s []int) bool { return s != nil && len(s) == 0 }) })
	t.Run("nil slice", func(t *testing.T) { cachesZero(t, nil, func(s []int) bool { return s == nil }) })
	t.Run("zero struct", func(t *testing.T) { cachesZero(t, pair{}, func(p pair) bool { return p == pair{} }) })
	t.Run("nil interface", func(t *testing.T) { cachesZero(t, nil, func(v any) bool { return v == nil }) })
}

func cachesZero[V any](t *testing.T, v V, isZero func(V) bool) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		a, b := open[V](t, net.join(core.EntryOptions{})), open[V](t, net.join(core.EntryOptions{}))
		synctest.Wait()
		f := &F[V]{results: []func() (V, error){returns(v)}}
		for _, c := range []*hybrid.Cache[V]{a, b} {
			for range 10 {
				if got := ask(t, c, f); !isZero(got) {
					t.Errorf("got %#v", got)
				}
			}
			if got, ok, err := c.Get(t.Context(), "k"); !ok || !isZero(got) || err != nil {
				t.Errorf("got %#v, %v, %v", got, ok, err)
			}
		}
		expectCalls(t, f, 1)
	})
}

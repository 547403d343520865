// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSeed_PK1_SecondLevelIsReadOnceAndSharedByNodes(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
		a.spread(t, "k", 1, b)
		f := gives(99)
		b.ask(t, "k", f, 1)
		if n := b.spy.reads.Load(); n != 1 {
			t.Errorf("%d reads of the server, want 1", n)
		}
		b.ask(t, "k", f, 1)
		if n := b.spy.reads.Load(); n != 1 {
			t.Errorf("%d reads after a hit in memory, want still 1", n)
		}
		f.want(t, 0)
	})
}

func TestSeed_PK1_WorksWithoutAnyServer(t *testing.T) {
	stack := hybrid.Must(hybrid.New(hybrid.Options{Memory: memory(true), Defaults: core.EntryOptions{TTL: time.Minute}}))
	defer func() { _ = stack.Close(t.Context()) }()
	c := hybrid.Must(hybrid.Of[int](stack, "v"))
	f := gives(1)
	for range 2 {
		if v, err := c.GetOrSet(t.Context(), "k", f.load); v != 1 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	}
	f.want(t, 1)
	if outcome, err := c.Set(t.Context(), "k", 2); outcome != core.Committed || err != nil {
		t.Errorf("set: %v, %v", outcome, err)
	}
	if _, err := c.Remove(t.Context(), "k"); err != nil {
		t.Error(err)
	}
	if _, ok, err := c.Get(t.Context(), "k"); ok || err != nil {
		t.Errorf("after a removal: %v, %v", ok, err)
	}
}

func TestSeed_CM1_ColdReadFillsAllLevels(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
		f := gives(7)
		a.ask(t, "k", f, 7)
		f.want(t, 1)
		a.ask(t, "k", f, 7)
		f.want(t, 1)
		if n := a.spy.reads.Load(); n != 1 {
			t.Errorf("%d reads of the server, want the one of the cold read", n)
		}
		b.want(t, "k", 7)
	})
}

func TestSeed_CM1_ServerThatFailsIsNoError(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		a := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}})
		a.cutOff()
		a.ask(t, "k", gives(7), 7)
		if ev := a.find(core.LayerFailed, isGetOf("v:k")); ev == nil || ev.Err == nil {
			t.Errorf("no event tells of the failure, or not why: %+v", ev)
		}
	})
}

func isGetOf(key string) func(core.Event) bool {
	return func(ev core.Event) bool {
		return ev.Level == core.LevelDistributed && ev.Op == core.OpGet && ev.Key == key
	}
}

// Bytes that are damaged are a miss and make room for what the factory gives.
func TestSeed_CM1_UndecodableBytesAreOverwritten(t *testing.T) {
	w := startRedis(t)
	a := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}})
	for name, damage := range map[string]func(data string) string{
		"checksum":  func(data string) string { return data[:len(data)-1] + string(data[len(data)-1]^1) },
		"cut off":   func(data string) string { return data[:core.HeaderSize+3] },
		"other key": func(string) string { data, _ := w.bytes(t, "app", "model"); return data },
	} {
		t.Run(name, func(t *testing.T) {
			key := strings.ReplaceAll(name, " ", "-")
			a.commit(t, "model", 0)
			a.commit(t, key, 1, core.Without(core.SkipMemoryWrite))
			data, _ := w.bytes(t, "app", key)
			if err := w.Client().Set(t.Context(), entryKey("app", key), damage(data), time.Minute).Err(); err != nil {
				t.Fatal(err)
			}
			f := gives(2)
			a.ask(t, key, f, 2)
			f.want(t, 1)
			if a.find(core.DecodeFailed, func(ev core.Event) bool { return ev.Key == "v:"+key }) == nil {
				t.Error("no event tells of the undecodable bytes")
			}
			b := start(t, w, setting{})
			b.want(t, key, 2)
		})
	}
}

// A value of another type is as good as damaged: the checksum is right, but the
// serializer cannot make sense of it.
func TestSeed_CM1_ValueOfAnotherTypeIsOverwritten(t *testing.T) {
	w := startRedis(t)
	a := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}})
	b := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}})
	text := hybrid.Must(hybrid.Of[string](b.stack, "v"))
	heard := a.count(core.MessageReceived)
	if _, err := text.Set(t.Context(), "k", "words"); err != nil {
		t.Fatal(err)
	}
	// What a load gives that had begun when the message came is not kept.
	soon(t, patience, "a message to arrive", func() bool { return a.count(core.MessageReceived) > heard })
	f := gives(2)
	a.ask(t, "k", f, 2)
	f.want(t, 1)
	if a.count(core.DecodeFailed) == 0 {
		t.Error("no event tells of the undecodable value")
	}
	soon(t, time.Second, "the new value on a new node", func() bool { return start(t, w, setting{}).has(t, "k", 2) })
}

// Bytes without the header of ours belong to somebody else, or to a version that
// this one does not know. They are a miss, and they stay.
func TestSeed_CM1_ForeignBytesAreAMissAndStay(t *testing.T) {
	w := startRedis(t)
	a := start(t, w, setting{Options: hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}})
	const foreign = `{"made":"by somebody else","and":"longer than a header has to be"}`
	if err := w.Client().Set(t.Context(), entryKey("app", "k"), foreign, time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	f := gives(2)
	a.ask(t, "k", f, 2)
	f.want(t, 1)
	a.want(t, "k", 2)
	if a.count(core.Foreign) == 0 {
		t.Error("no event tells of the foreign bytes")
	}
	if data, _ := w.bytes(t, "app", "k"); data != foreign {
		t.Errorf("the foreign bytes became %q", data)
	}
}

func TestSeed_CM5_GetAsksTheServerOnceForACrowd(t *testing.T) {
	w := startRedis(t)
	a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
	p := listen(t, w)
	a.spread(t, "k", 1, b)
	p.reset(t)
	a.want(t, "k", 1)
	if n := p.calls(t, "app", "get"); n != 0 {
		t.Errorf("a hit in memory made %d GETs", n)
	}
	crowd(1000, func(int) { b.want(t, "k", 1) })
	if n := p.calls(t, "app", "get"); n != 1 {
		t.Errorf("a crowd made %d GETs, want 1", n)
	}
}

func TestSeed_CM5_GetWithAHungServer(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		const limit = 200 * time.Millisecond
		within3(t, func() error {
			o := core.EntryOptions{TTL: time.Minute, DistributedTimeout: limit}
			a := start(t, w, setting{Options: hybrid.Options{Defaults: o}})
			a.commit(t, "k", 1)
			a.net.Hang()
			defer a.net.Restore()
			if d := timed(func() { a.want(t, "k", 1) }); d > time.Millisecond {
				return tooSlow("a hit in memory", d, time.Millisecond)
			}
			if d := timed(func() { a.wantMiss(t, "absent") }); d > limit+100*time.Millisecond {
				return tooSlow("a miss", d, limit)
			}
			return nil
		})
	})
}

func TestSeed_CM8_NilAndZeroValuesAreValues(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
		type product struct {
			Name  string
			Price int
		}
		cacheable(t, a, b, "nil pointer", (*product)(nil), func(p *product) bool { return p == nil })
		cacheable(t, a, b, "nil slice", []int(nil), func(s []int) bool { return s == nil })
		cacheable(t, a, b, "empty slice", []int{}, func(s []int) bool { return s != nil && len(s) == 0 })
		cacheable(t, a, b, "nil map", map[string]int(nil), func(m map[string]int) bool { return m == nil })
		cacheable(t, a, b, "zero struct", product{}, func(p product) bool { return p == product{} })
		cacheable(t, a, b, "zero", 0, func(n int) bool { return n == 0 })
		cacheable(t, a, b, "empty string", "", func(s string) bool { return s == "" })
	})
}

func cacheable[V any](t *testing.T, a, b *node, name string, v V, same func(V) bool) {
	t.Run(name, func(t *testing.T) {
		onA := hybrid.Must(hybrid.Of[V](a.stack, name))
		onB := hybrid.Must(hybrid.Of[V](b.stack, name))
		f := gives(v)
		for range 10 {
			if got, err := onA.GetOrSet(t.Context(), "k", f.load); err != nil || !same(got) {
				t.Errorf("get or set: %#v, %v", got, err)
			}
		}
		f.want(t, 1)
		for name, c := range map[string]*hybrid.Cache[V]{"A": onA, "B": onB} {
			if got, ok, err := c.Get(t.Context(), "k"); !ok || err != nil || !same(got) {
				t.Errorf("get on %s: %#v, %t, %v", name, got, ok, err)
			}
		}
		if got, err := onB.GetOrSet(t.Context(), "k", f.load); err != nil || !same(got) {
			t.Errorf("get or set on B: %#v, %v", got, err)
		}
		f.want(t, 1)
	})
}

func TestSeed_ST11_CrowdMakesOneLoad(t *testing.T) {
	w := startRedis(t)
	a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
	p := listen(t, w)
	f := &F[int]{delay: 300 * time.Millisecond, results: []func() (int, error){returns(1)}}
	crowd(1000, func(int) { a.ask(t, "k", f, 1) })
	f.want(t, 1)
	soon(t, patience, "the message of the load", func() bool { return b.count(core.MessageReceived) == 1 })
	if n := p.calls(t, "app", "get"); n > 2 {
		t.Errorf("a cold key made %d GETs, want at most 2", n)
	}
	if n := p.calls(t, "app", "set"); n != 1 {
		t.Errorf("a cold key made %d SETs, want 1", n)
	}
	p.reset(t)
	crowd(1000, func(int) { b.ask(t, "k", f, 1) })
	f.want(t, 1)
	if n := p.calls(t, "app", "get"); n != 1 {
		t.Errorf("a key that only the server had made %d GETs, want 1", n)
	}
}

// The same where commands cannot be watched, many times over.
func TestSeed_ST11_CrowdsOnManyKeys(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
		const rounds = 30
		for i := range rounds {
			key := string(rune('a' + i))
			a.spread(t, key, i, b)
			var bad atomic.Int64
			crowd(200, func(int) {
				v, err := b.GetOrSet(context.WithoutCancel(t.Context()), key, broken().load)
				if v != i || err != nil {
					bad.Add(1)
				}
			})
			if n := bad.Load(); n > 0 {
				t.Errorf("%q: %d of 200 callers did not get the value", key, n)
			}
		}
		if n := b.spy.reads.Load(); n != rounds {
			t.Errorf("%d crowds made %d reads of the server", rounds, n)
		}
	})
}

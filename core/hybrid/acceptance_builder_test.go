// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSeed_BL1_DefaultsAreTheDocumentedOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		want := core.EntryOptions{
			TTL:                core.Forever,
			DistributedTTL:     24 * time.Hour,
			Throttle:           30 * time.Second,
			DistributedTimeout: time.Second,
		}
		if got := c.Options(); !reflect.DeepEqual(got, want) {
			t.Errorf("the view has %+v, want %+v", got, want)
		}
		if got := c.Stack().Defaults(); !reflect.DeepEqual(got, want) {
			t.Errorf("the stack has %+v, want %+v", got, want)
		}
		set(t, c, 1)
		time.Sleep(10 * 365 * 24 * time.Hour)
		expectHit(t, c, 1)
		if _, err := c.Remove(t.Context(), "k"); err != nil {
			t.Error(err)
		}
		expectMiss(t, c)
	})
}

// capacity returns a stack that holds 1000 entries.
func capacity(t *testing.T) (*ottermem.Memory, *hybrid.Cache[int]) {
	t.Helper()
	memory, err := ottermem.New(&ottermem.Options{MaxEntries: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return memory, open[int](t, hybrid.Options{Memory: memory, Defaults: core.EntryOptions{StaleTTL: core.Forever}})
}

func setKey(t *testing.T, c *hybrid.Cache[int], key string, opts ...core.Option) {
	t.Helper()
	if _, err := c.Set(t.Context(), key, 1, opts...); err != nil {
		t.Fatal(err)
	}
}

func TestSeed_BL2_CapacityCountsStaleCopiesToo(t *testing.T) {
	memory, c := capacity(t)
	fill := func(from, to int) (heap uint64) {
		for i := from; i < to; i++ {
			key := fmt.Sprint("key ", i)
			setKey(t, c, key)
			if _, ok, _ := c.Get(t.Context(), key); !ok {
				t.Fatalf("%q is not there right after Set", key)
			}
			setKey(t, c, fmt.Sprint("stale ", i), core.TTL(1))
		}
		if n := memory.Len(); n > 1000 {
			t.Errorf("%d entries", n)
		}
		return heapInUse()
	}
	few := fill(0, rounds(10_000))
	many := fill(rounds(10_000), rounds(100_000))
	if many > few+1<<20 {
		t.Errorf("the heap has grown from %d to %d bytes at the same capacity", few, many)
	}
	runtime.KeepAlive(c)
}

func TestSeed_BL2_WhatIsReadOftenSurvivesAScan(t *testing.T) {
	_, c := capacity(t)
	for i := range 100 {
		setKey(t, c, fmt.Sprint("hot ", i))
	}
	for range 10 {
		for i := range 100 {
			_, _, _ = c.Get(t.Context(), fmt.Sprint("hot ", i))
		}
	}
	for i := range 10_000 {
		setKey(t, c, fmt.Sprint("once ", i))
	}
	alive := 0
	for i := range 100 {
		if _, ok, _ := c.Get(t.Context(), fmt.Sprint("hot ", i)); ok {
			alive++
		}
	}
	if alive < 90 {
		t.Errorf("%d of 100 hot keys are left", alive)
	}
}

func TestSeed_BL3_ReadingDoesNotKeepAnEntryFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: 300 * time.Second}})
		f := &F[int]{results: []func() (int, error){returns(1), returns(2)}}
		expectAsk(t, c, f, 1, 1)
		start := time.Now()
		for _, age := range []time.Duration{1, 100, 299} {
			at(start, age*time.Second)
			expectHit(t, c, 1)
			expectAsk(t, c, f, 1, 1)
		}
		at(start, 301*time.Second)
		expectMiss(t, c)
		expectAsk(t, c, f, 2, 2)
	})
}

func TestSeed_BL3_NoEntryIsServedBeyondItsTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		for range 1000 {
			ttl := 1 + rand.N(time.Minute)
			set(t, c, 1, core.TTL(ttl))
			written := time.Now()
			for range 5 {
				time.Sleep(rand.N(ttl))
				age := time.Since(written)
				if _, ok, _ := c.Get(t.Context(), "k"); ok != (age < ttl) {
					t.Fatalf("TTL %v, age %v: hit %v", ttl, age, ok)
				}
			}
		}
	})
}

func TestSeed_BL6_EveryDurationHasAMeaningOrIsRefused(t *testing.T) {
	fields := reflect.VisibleFields(reflect.TypeFor[core.EntryOptions]())
	for _, f := range fields {
		if f.Type != reflect.TypeFor[time.Duration]() {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			with := func(d time.Duration) hybrid.Options {
				o := hybrid.Options{Memory: new(mapMemory)}
				if d == core.Forever {
					o.Defaults.StaleTTL = core.Forever // which some need
				}
				if f.Name == "NotFoundJitter" {
					o.Defaults.NotFoundTTL = time.Hour // which it needs
				}
				if f.Name == "ErrorBackoffMax" {
					o.Defaults.ErrorBackoff = 1 // which it needs
				}
				if f.Name == "NodeLock" {
					o.Name, o.Distributed, o.Serializer, o.Locker = "app", newServer(t), jsonSerializer{}, newSpyLocker()
				}
				reflect.ValueOf(&o.Defaults).Elem().FieldByIndex(f.Index).SetInt(int64(d))
				return o
			}
			for _, d := range []time.Duration{-1, -time.Hour, math.MinInt64} {
				_, err := hybrid.New(with(d))
				expectOption(t, err, "EntryOptions."+f.Name)
			}
			_, err := hybrid.New(with(core.Forever))
			if strings.HasSuffix(f.Name, "Jitter") {
				expectOption(t, err, "EntryOptions."+f.Name)
			} else if err != nil {
				t.Errorf("Forever: %v", err)
			}
			for _, d := range []time.Duration{0, core.Forever - 1} {
				o := with(d)
				o.Defaults.StaleTTL = max(o.Defaults.StaleTTL, core.Forever-1)
				if o.Defaults.TTL == 0 {
					o.Defaults.TTL = core.Forever - 1
				}
				works(t, o)
			}
		})
	}
}

// works checks that a stack of o does its work.
func works(t *testing.T, o hybrid.Options) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o.Distributed = newServer(t)
		c := open[int](t, o)
		f := &F[int]{delay: time.Second, results: []func() (int, error){returns(1), returns(2), fails[int](errBoom)}}
		expectAsk(t, c, f, 1, 1)
		expectAsk(t, c, f, 1, 1)
		expectHit(t, c, 1, core.Without(core.SkipMemoryRead))
		if _, err := c.Expire(t.Context(), "k"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if v := ask(t, c, f); v != 1 && v != 2 {
			t.Errorf("got %d", v)
		}
	})
}

func TestSeed_BL6_JitterDoesNotOverflowTheLongestTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, ttl := range []time.Duration{core.Forever, core.Forever - 1} {
			c := open[int](t, hybrid.Options{Defaults: core.EntryOptions{TTL: ttl, Jitter: core.Forever - 1}})
			for range 100 {
				set(t, c, 1)
				expectHit(t, c, 1)
			}
		}
	})
}

func TestSeed_BL6_LimitsOfTheStackAreCheckedToo(t *testing.T) {
	for option, change := range map[string]func(*hybrid.Options){
		"Options.Memory":              func(o *hybrid.Options) { o.Memory = nil },
		"Options.MaxFactories":        func(o *hybrid.Options) { o.MaxFactories = -1 },
		"Options.FactoryQueue":        func(o *hybrid.Options) { o.FactoryQueue, o.MaxFactories = -1, 1 },
		"Options.MaxAbandoned":        func(o *hybrid.Options) { o.MaxAbandoned = -1 },
		"Options.Name":                func(o *hybrid.Options) { o.Name = strings.Repeat("x", 129) },
		"Options.Serializer":          func(o *hybrid.Options) { o.Distributed = newServer(t) },
		"Options.RequireDistributed":  func(o *hybrid.Options) { o.RequireDistributed = true },
		"Options.Shared":              func(o *hybrid.Options) { o.Shared.TombstoneTTL = 30 * time.Second },
		"Options.Pulse":               func(o *hybrid.Options) { o.Pulse.Heartbeat, o.Pulse.Silence = time.Second, time.Second },
		"EntryOptions.DistributedTTL": func(o *hybrid.Options) { o.Defaults.DistributedTTL = -1 },
		"EntryOptions.StaleTTL":       func(o *hybrid.Options) { o.Defaults.TTL, o.Defaults.StaleTTL = 2, 1 },
	} {
		o := hybrid.Options{Name: "app", Memory: new(mapMemory)}
		change(&o)
		_, err := hybrid.New(o)
		expectOption(t, err, option)
		if e, ok := errors.AsType[*core.Error](err); !ok || e.Op != core.OpOpen {
			t.Errorf("%s: %v is not an error of opening", option, err)
		}
	}
}

func TestSeed_BL19_DifferentKeysNeverMeet(t *testing.T) {
	c := open[string](t, hybrid.Options{Distributed: newServer(t)})
	if _, err := hybrid.NewKeyed(c, hybrid.IntKey[int8]).Set(t.Context(), -1, "int"); err != nil {
		t.Fatal(err)
	}
	if v, ok, err := c.Get(t.Context(), "-1"); v != "int" || !ok || err != nil {
		t.Errorf("an integer is not written in decimal: %v, %v, %v", v, ok, err)
	}
	other := hybrid.Must(hybrid.Of[string](c.Stack(), "v:-1"))
	if v, ok, _ := other.Get(t.Context(), "-1"); ok {
		t.Errorf("another view sees %q", v)
	}
	points := hybrid.NewKeyed(c, hybrid.OwnKey[point])
	for i, p := range []point{{"a", "bc"}, {"ab", "c"}, {"", "abc"}, {"1:a", ""}, {"", "1:a"}} {
		if _, ok, _ := points.Get(t.Context(), p); ok {
			t.Errorf("%q meets another", p)
		}
		want := fmt.Sprint(i)
		if _, err := points.Set(t.Context(), p, want); err != nil {
			t.Error(err)
		}
		if v, _, _ := points.Get(t.Context(), p); v != want {
			t.Errorf("%q: got %q, want %q", p, v, want)
		}
	}
}

// point is a key that knows its own text.
type point struct{ x, y string }

func (p point) AppendCacheKey(dst []byte) []byte { return hybrid.Part(hybrid.Part(dst, p.x), p.y) }

func FuzzSeed_BL19_PartsNeverRunTogether(f *testing.F) {
	f.Add("a", "bc", "ab", "c")
	f.Add("1:", "", "", "1:")
	f.Add("", "", "0:", "")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		one := string(hybrid.Part(hybrid.Part(nil, a), b))
		two := string(hybrid.Part(hybrid.Part(nil, c), d))
		if (one == two) != (a == c && b == d) {
			t.Errorf("(%q, %q) gives %q, (%q, %q) gives %q", a, b, one, c, d, two)
		}
		if three := string(hybrid.Part(nil, a)); three == one {
			t.Errorf("(%q) and (%q, %q) both give %q", a, a, b, one)
		}
	})
}

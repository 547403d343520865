// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// used returns x with a time of the last use.
func used(x core.Extra, at core.Instant) *core.Extra {
	x.Use(at)
	return &x
}

// extras returns one Extra of each shape, by name.
func extras() map[string]*core.Extra {
	return map[string]*core.Extra{
		"none":       nil,
		"idle":       used(core.Extra{Idle: time.Minute}, 77),
		"refresh":    {Refresh: 5},
		"chance":     {Refresh: -5, Chance: true},
		"windows":    {Revalidate: 9, Rescue: 8},
		"took":       {Took: time.Second},
		"validators": {ETag: `W/"1"`, LastModified: -1},
		"weight":     {Size: math.MaxUint32, Priority: core.HighPriority},
		"missing":    {Missing: core.ErrNotFound},
		"all": used(core.Extra{
			Idle: 1, Refresh: 2, Chance: true, Revalidate: 3, Rescue: 4, Took: 5, ETag: "e", LastModified: 6, Size: 7, Priority: core.LowPriority,
			Missing: core.ErrNotFound,
		}, 8),
	}
}

func TestExtra_RoundTrip(t *testing.T) {
	for name, x := range extras() {
		m := metaOfAll()
		m.Extra = x
		data := core.Encoded([]byte("payload"), m).AppendBinary(nil)
		got, payload, err := core.ParseEntry(data)
		if err != nil || !reflect.DeepEqual(got, m) || string(payload) != "payload" {
			t.Errorf("%s: parsed as %+v, %q, %v", name, got, payload, err)
		}
		block := x.AppendBinary(nil)
		if parsed, rest, err := core.ParseExtra(append(block, 'r')); err != nil || !reflect.DeepEqual(parsed, x) || string(rest) != "r" {
			t.Errorf("%s: %x parsed as %+v, %q, %v", name, block, parsed, rest, err)
		}
		for n := range block {
			if parsed, _, err := core.ParseExtra(block[:n]); err == nil {
				t.Errorf("%s: first %d bytes parsed as %+v", name, n, parsed)
			}
		}
	}
}

func TestPeekEntry_AllocatesNothing(t *testing.T) {
	scratch := new(core.Peeked)
	for name, x := range extras() {
		m := metaOfAll()
		m.Extra = x
		data := core.Encoded([]byte("payload"), m).AppendBinary(nil)
		got, payload, err := core.PeekEntry(data, scratch)
		if err != nil || string(payload) != "payload" || got.Stale != m.Stale || got.Stamp.Count() != m.Stamp.Count() || got.Checked != m.Checked {
			t.Errorf("%s: peeked %+v, %q, %v", name, got, payload, err)
		}
		if (got.Extra == nil) != (x == nil) || x != nil && (got.Extra.Idle != x.Idle || got.Extra.Used() != x.Used() || got.Extra.Refresh != x.Refresh || !errors.Is(got.Extra.Missing, x.Missing)) {
			t.Errorf("%s: peeked %+v", name, got.Extra)
		}
		if n := testing.AllocsPerRun(100, func() { _, _, _ = core.PeekEntry(data, scratch) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestParseExtra_RefusesWhatCannotBe(t *testing.T) {
	for name, data := range map[string]string{
		"nothing":              "",
		"idle of nothing":      "\x01\x00\x00",
		"idle below zero":      "\x01\x01\x00",
		"refresh never":        "\x02\x00",
		"refresh and chance":   "\x06\x02",
		"no window":            "\x08\x00\x00",
		"took nothing":         "\x10\x00",
		"took too long":        "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"no validators":        "\x20\x00\x00",
		"ETag of 1025 bytes":   "\x20\x81\x08" + strings.Repeat("e", 1025) + "\x00",
		"ETag longer than all": "\x20\x05e\x00",
		"no weight":            "\x40\x00\x00",
		"unknown priority":     "\x40\x00\x07",
		"size over 32 bits":    "\x40\x80\x80\x80\x80\x10\x00",
	} {
		if x, rest, err := core.ParseExtra([]byte(data)); err == nil {
			t.Errorf("%s: parsed as %+v, %q", name, x, rest)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	for _, x := range extras() {
		m := metaOfAll()
		m.Extra = x
		f.Add(core.Encoded([]byte("payload"), m).AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, payload, err := core.ParseEntry(data)
		peeked, same, peekErr := core.PeekEntry(data, new(core.Peeked))
		if (err == nil) != (peekErr == nil) || peeked.Stale != m.Stale || !bytes.Equal(same, payload) {
			t.Fatalf("%x parsed as %+v, %v, peeked as %+v, %v", data, m, err, peeked, peekErr)
		}
		if err != nil {
			return
		}
		again, rest, err := core.ParseEntry(core.Encoded(payload, m).AppendBinary(nil))
		if err != nil || !reflect.DeepEqual(again, m) || !bytes.Equal(rest, payload) {
			t.Errorf("%x parsed as %+v, and then as %+v, %v", data, m, again, err)
		}
	})
}

func TestMeta_IdleEndsTheLogicalLife(t *testing.T) {
	x := used(core.Extra{Idle: 10}, 100)
	m := core.Meta{Stale: 200, Dead: 200, Extra: x}
	for at, want := range map[core.Instant]core.State{100: core.Fresh, 109: core.Fresh, 110: core.Dead, 200: core.Dead} {
		if got := m.State(at); got != want {
			t.Errorf("at %d: %v, want %v", at, got, want)
		}
	}
	m.Dead = 300
	if got := m.State(110); got != core.Stale {
		t.Errorf("an idle entry that fail-safe can use is %v", got)
	}
	x.Use(109)
	if got := m.State(118); got != core.Fresh {
		t.Errorf("a used entry is %v", got)
	}
}

func TestMeta_DueByChanceBecomesCertain(t *testing.T) {
	m := core.Meta{Stale: 1_000_000, Extra: &core.Extra{Refresh: 900_000, Chance: true}} // a unit is 10,000
	share := func(at core.Instant) float64 {
		n := 0
		for range 20_000 {
			if m.Due(at) {
				n++
			}
		}
		return float64(n) / 20_000
	}
	for at, want := range map[core.Instant]float64{
		899_999: 0, 950_000: math.Exp(-5), 990_000: math.Exp(-1), 995_000: math.Exp(-0.5), 1_000_000: 1,
	} {
		if got := share(at); math.Abs(got-want) > 0.02 {
			t.Errorf("at %d: due with a chance of %.3f, want %.3f", at, got, want)
		}
	}
}

func TestEntryOptions_WindowsDecideHowLongAnEntryIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		o                       core.EntryOptions
		dead, rescued, revalEnd core.Instant
	}{
		"fail-safe":             {core.EntryOptions{TTL: 100, StaleTTL: 300}, 5_300, 5_300, 0},
		"while revalidating":    {core.EntryOptions{TTL: 100, StaleWhileRevalidate: 50}, 5_150, 5_100, 5_150},
		"if error":              {core.EntryOptions{TTL: 100, StaleIfError: 70}, 5_170, 5_100, 0},
		"both":                  {core.EntryOptions{TTL: 100, StaleWhileRevalidate: 50, StaleIfError: 70}, 5_170, 5_100, 5_150},
		"fail-safe is shorter":  {core.EntryOptions{TTL: 100, StaleTTL: 120, StaleIfError: 70}, 5_170, 5_120, 0},
		"fail-safe is longer":   {core.EntryOptions{TTL: 100, StaleTTL: 500, StaleWhileRevalidate: 50}, 5_500, 5_500, 5_150},
		"windows without a TTL": {core.EntryOptions{StaleWhileRevalidate: 50}, core.Never, core.Never, core.Never},
	} {
		m := c.o.Meta(born, now)
		var end core.Instant
		if m.Extra != nil {
			end = m.Extra.Revalidate
		}
		if m.Dead != c.dead || m.Rescued() != c.rescued || end != c.revalEnd {
			t.Errorf("%s: dead at %d, rescued until %d, revalidated until %d; want %d, %d, %d", name, m.Dead, m.Rescued(), end, c.dead, c.rescued, c.revalEnd)
		}
	}
}

func TestEntryOptions_EagerRefreshIsAPartOfTheLife(t *testing.T) {
	o := core.EntryOptions{TTL: 1000, EagerRefresh: 0.8}
	m := o.Meta(now, now)
	if m.Extra == nil || m.Extra.Refresh != now+800 || m.Extra.Chance {
		t.Fatalf("got %+v", m.Extra)
	}
	// In another node's memory it is due when the value is, or the copy.
	there := core.Meta{Born: now, Stale: now + 1000, Dead: now + 1000}
	for name, c := range map[string]struct {
		ttl  time.Duration
		at   core.Instant
		want core.Instant
	}{
		"early":        {1000, now + 100, now + 800},
		"late":         {1000, now + 900, now + 800},
		"shorter here": {100, now + 100, now + 180},
	} {
		o := core.EntryOptions{TTL: c.ttl, EagerRefresh: 0.8}
		if got := o.LocalMeta(there, c.at); got.Extra == nil || got.Extra.Refresh != c.want {
			t.Errorf("%s: got %+v, want a refresh at %d", name, got.Extra, c.want)
		}
	}
	none := core.EntryOptions{EagerRefresh: 0.8}
	if m := none.Meta(now, now); m.Extra != nil {
		t.Errorf("without a TTL: %+v", m.Extra)
	}
}

// A life begins at the end of the factory, on the node that has called it and on others.
func TestEntryOptions_EagerRefreshDoesNotCountTheTimeOfTheFactory(t *testing.T) {
	o := core.EntryOptions{TTL: 1000, DistributedTTL: 1000, EagerRefresh: 0.5}
	end := now + 5000
	m := o.Meta(now, end)
	if m.Extra == nil || m.Extra.Refresh != end+500 {
		t.Errorf("here: got %+v, want a refresh at %d", m.Extra, end+500)
	}
	there := o.DistributedMeta(m, end)
	if got := o.LocalMeta(there, end+100); got.Extra == nil || got.Extra.Refresh != end+500 {
		t.Errorf("there: got %+v, want a refresh at %d", got.Extra, end+500)
	}
}

func TestEntryOptions_EagerChanceCountsInWhatTheFactoryTook(t *testing.T) {
	o := core.EntryOptions{TTL: time.Hour, EagerChance: 2}
	m := o.Meta(now, now.Add(time.Second))
	if x := m.Extra; x == nil || !x.Chance || x.Refresh != m.Stale.Add(-20*time.Second) || x.Took != time.Second {
		t.Errorf("got %+v", x)
	}
	if m := o.Meta(now, now); m.Extra != nil {
		t.Errorf("a factory that took no time: %+v", m.Extra)
	}
	local := o.LocalMeta(o.DistributedMeta(m, now), now)
	if x := local.Extra; x == nil || !x.Chance || x.Took != time.Second {
		t.Errorf("in another node's memory: %+v", x)
	}
}

func TestEntryOptions_DistributedMetaKeepsWhatTravels(t *testing.T) {
	o := core.EntryOptions{
		TTL: 100, DistributedTTL: 200, StaleTTL: 300, DistributedStaleTTL: 600, IdleTTL: 10, EagerRefresh: 0.5, Size: 3,
		StaleWhileRevalidate: 1000,
	}
	m := o.Meta(now, now)
	m.Extra.ETag = "e"
	got := o.DistributedMeta(m, now)
	want := &core.Extra{Rescue: now + 600, ETag: "e", Size: 3}
	if got.Stale != now+200 || got.Dead != now+1200 || !reflect.DeepEqual(got.Extra, want) {
		t.Errorf("got %+v with %+v", got, got.Extra)
	}
	local := o.LocalMeta(got, now)
	if x := local.Extra; x.ETag != "e" || x.Size != 3 || x.Idle != 10 || x.Used() != now || x.Rescue != now+600 || x.Revalidate != now+1100 {
		t.Errorf("back in memory: %+v", x)
	}
	plain := core.EntryOptions{TTL: 100, IdleTTL: 10, EagerRefresh: 0.5}
	if got := plain.DistributedMeta(plain.Meta(now, now), now); got.Extra != nil {
		t.Errorf("nothing that travels: %+v", got.Extra)
	}
}

func TestMeta_InvalidatedIsNotRefreshed(t *testing.T) {
	x := &core.Extra{Refresh: 1, Revalidate: 2, Size: 3}
	m := core.Meta{Extra: x}.Invalidated()
	if m.Extra.Refresh != 0 || m.Extra.Revalidate != 0 || m.Extra.Size != 3 || x.Refresh != 1 {
		t.Errorf("got %+v; the old is %+v", m.Extra, x)
	}
}

// The time of the last use is written while others read and copy the entry.
func TestExtra_UseIsSafeForConcurrentUse(t *testing.T) {
	e := core.Live(1, core.Meta{Stale: 1000, Dead: 1000, Extra: used(core.Extra{Idle: 100}, 1)})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 1000 {
			e.Extra().Use(core.Instant(i))
		}
	}()
	for range 1000 {
		m := e.Meta()
		_ = m.State(core.Instant(rand.IntN(1000)))
		_ = e.With(m.RefreshAt(5))
	}
	<-done
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"math"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

const born, now = core.Instant(1_000), core.Instant(5_000)

func TestEntryOptions_MetaCountsFromTheEndOfTheFactory(t *testing.T) {
	for _, c := range []struct {
		name        string
		o           core.EntryOptions
		stale, dead core.Instant
	}{
		{"no TTL", core.EntryOptions{}, core.Never, core.Never},
		{"Forever", core.EntryOptions{TTL: core.Forever}, core.Never, core.Never},
		{"almost Forever", core.EntryOptions{TTL: core.Forever - 1}, core.Never, core.Never},
		{"TTL", core.EntryOptions{TTL: 100}, 5_100, 5_100},
		{"fail-safe", core.EntryOptions{TTL: 100, StaleTTL: 300}, 5_100, 5_300},
		{"fail-safe for ever", core.EntryOptions{TTL: 100, StaleTTL: core.Forever}, 5_100, core.Never},
	} {
		m := c.o.Meta(born, now)
		if m.Stale != c.stale || m.Dead != c.dead || m.Born != born || m.Checked != born {
			t.Errorf("%s: got %+v, want stale %d, dead %d, born and checked %d", c.name, m, c.stale, c.dead, born)
		}
		if m.Retry != 0 || m.Cycles != 0 || !m.Version.IsZero() {
			t.Errorf("%s: a new entry has %+v", c.name, m)
		}
	}
}

func TestEntryOptions_JitterLengthensByLessThanItsLimit(t *testing.T) {
	o := core.EntryOptions{TTL: 100, StaleTTL: 120, Jitter: 50}
	seen := map[core.Instant]bool{}
	for range 10_000 {
		m := o.Meta(born, now)
		if m.Stale < 5_100 || m.Stale >= 5_150 {
			t.Fatalf("stale at %d", m.Stale)
		}
		if m.Dead != max(5_120, m.Stale) {
			t.Fatalf("stale at %d, dead at %d", m.Stale, m.Dead)
		}
		seen[m.Stale] = true
	}
	if len(seen) != 50 {
		t.Errorf("%d different lives, want 50", len(seen))
	}
}

func TestEntryOptions_HugeDurationsDoNotOverflow(t *testing.T) {
	for _, ttl := range []time.Duration{1, time.Minute, core.Forever - 1, core.Forever} {
		for _, jitter := range []time.Duration{0, 1, core.Forever - 1} {
			o := core.EntryOptions{TTL: ttl, StaleTTL: ttl, Jitter: jitter, DistributedTTL: ttl}
			if err := o.Validate(); err != nil {
				t.Fatal(err)
			}
			for range 100 {
				m := o.Meta(born, now)
				if m.Stale < now || m.Dead < m.Stale {
					t.Fatalf("TTL %d, jitter %d: %+v", ttl, jitter, m)
				}
				if d := o.DistributedMeta(m, now); d.Stale < now || d.Dead < d.Stale {
					t.Fatalf("TTL %d, jitter %d, distributed: %+v", ttl, jitter, d)
				}
			}
		}
	}
}

func TestEntryOptions_DistributedMetaHasNeitherJitterNorWindows(t *testing.T) {
	o := core.EntryOptions{TTL: 100, DistributedTTL: 700, StaleTTL: 300, Jitter: 50}
	m := o.Meta(born, now)
	m.Retry, m.Cycles, m.Version = 9_000, 2, core.Version{Time: 1}
	got := o.DistributedMeta(m, 6_000)
	if got.Stale != 6_700 || got.Dead != 6_700 || got.Retry != 0 || got.Cycles != 0 {
		t.Errorf("got %+v", got)
	}
	if got.Born != born || got.Version != m.Version {
		t.Errorf("lost what does not depend on the level: %+v", got)
	}
	o.StaleTTL = 900
	if got := o.DistributedMeta(m, 6_000); got.Stale != 6_700 || got.Dead != 6_900 {
		t.Errorf("with fail-safe: %+v", got)
	}
}

func TestEntryOptions_LocalMetaGivesNoNewLife(t *testing.T) {
	there := core.Meta{Born: born, Stale: 5_050, Dead: 5_300}
	for _, c := range []struct {
		name        string
		o           core.EntryOptions
		stale, dead core.Instant
	}{
		{"what remains", core.EntryOptions{TTL: 100, StaleTTL: 1_000}, 5_050, 5_300},
		{"without fail-safe", core.EntryOptions{TTL: 100}, 5_050, 5_050},
		{"shorter here", core.EntryOptions{TTL: 20, StaleTTL: 1_000}, 5_020, 5_300},
		{"no TTL here", core.EntryOptions{TTL: core.Forever, StaleTTL: core.Forever}, 5_050, 5_300},
	} {
		if got := c.o.LocalMeta(there, now); got.Stale != c.stale || got.Dead != c.dead || got.Born != born {
			t.Errorf("%s: got %+v, want stale %d, dead %d", c.name, got, c.stale, c.dead)
		}
	}
}

func TestMeta_StatesFollowEachOther(t *testing.T) {
	m := core.Meta{Stale: 100, Retry: 150, Dead: 200}
	for _, c := range []struct {
		at   core.Instant
		want core.State
	}{
		{math.MinInt64, core.Fresh}, {99, core.Fresh}, {100, core.Throttled}, {149, core.Throttled},
		{150, core.Stale}, {199, core.Stale}, {200, core.Dead}, {core.Never, core.Dead},
	} {
		if got := m.State(c.at); got != c.want {
			t.Errorf("at %d: %v, want %v", c.at, got, c.want)
		}
	}
	m.Retry = 500 // a window never outlives the entry
	if got := m.State(200); got != core.Dead {
		t.Errorf("a dead entry in a window is %v", got)
	}
}

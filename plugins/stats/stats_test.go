// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package stats_test

import (
	"encoding/json"
	"expvar"
	"fmt"
	"regexp"
	"sync"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/stats"
)

var _ expvar.Var = (*stats.Plugin)(nil)

func install(tb testing.TB) (*stats.Plugin, *core.Events) {
	tb.Helper()
	p := stats.New()
	events := core.NewEvents("shop")
	if _, err := core.Install("shop", events, []core.Plugin{p}); err != nil {
		tb.Fatal(err)
	}
	return p, events
}

// kinds returns every kind of event.
func kinds() []core.Kind {
	var all []core.Kind
	for k := core.Kind(1); k&core.AllKinds != 0; k <<= 1 {
		all = append(all, k)
	}
	return all
}

func TestCount_EachKindHasACounterAndAName(t *testing.T) {
	p, events := install(t)
	for i, k := range kinds() {
		for range i + 1 {
			events.Emit(core.Event{Kind: k})
		}
	}
	s := p.Snapshot()
	for i, k := range kinds() {
		if got := s.Count(k); got != uint64(i+1) {
			t.Errorf("kind %#x: %d, want %d", uint64(k), got, i+1)
		}
	}
	n := uint64(len(kinds()))
	if got := s.Count(core.AllKinds); got != n*(n+1)/2 {
		t.Errorf("all: %d, want %d", got, n*(n+1)/2)
	}
	valid := regexp.MustCompile(`^[a-z_]+$`)
	seen := map[string]bool{}
	for name := range s.All() {
		if seen[name] || !valid.MatchString(name) {
			t.Errorf("name %q is bad or not unique", name)
		}
		seen[name] = true
	}
	if len(seen) < len(kinds()) {
		t.Errorf("%d names for %d kinds", len(seen), len(kinds()))
	}
}

func TestCount_KnowsLevelsApart(t *testing.T) {
	p, events := install(t)
	for range 3 {
		events.Emit(core.Event{Kind: core.Hit, Key: "a", Level: core.LevelMemory})
	}
	events.Emit(core.Event{Kind: core.Hit, Key: "b", Level: core.LevelDistributed})
	events.Emit(core.Event{Kind: core.Hit, Level: 200})
	s := p.Snapshot()
	for level, want := range map[core.Level]uint64{core.LevelMemory: 3, core.LevelDistributed: 1, 0: 1, 200: 0} {
		if got := s.CountAt(core.Hit, level); got != want {
			t.Errorf("hits at %v: %d, want %d", level, got, want)
		}
	}
	if got := s.Count(core.Hit); got != 5 {
		t.Errorf("hits: %d, want 5", got)
	}
	if got := s.CountAt(core.Hit|core.Miss, core.LevelMemory); got != 0 {
		t.Errorf("a set of kinds has a level: %d", got)
	}
}

func TestCount_UnknownKindsAreIgnored(t *testing.T) {
	p, events := install(t)
	events.Listen("all", core.AllKinds|1<<60, func(core.Event) {})
	events.Emit(core.Event{Kind: 1 << 60})
	events.Emit(core.Event{Kind: core.Hit | 1<<60})
	if s := p.Snapshot(); s != (stats.Snapshot{}) {
		t.Errorf("counted %v", s)
	}
}

func TestHitRatio_StaleAnswersAreHits(t *testing.T) {
	p, events := install(t)
	if got := p.Snapshot().HitRatio(); got != 0 {
		t.Errorf("before the first read: %v", got)
	}
	for _, k := range []core.Kind{core.Hit, core.Hit, core.StaleHit, core.Miss} {
		events.Emit(core.Event{Kind: k})
	}
	before := p.Snapshot()
	if got := before.HitRatio(); got != 0.75 {
		t.Errorf("got %v, want 0.75", got)
	}
	events.Emit(core.Event{Kind: core.Miss})
	since := p.Snapshot().Sub(before)
	if since.HitRatio() != 0 || since.Count(core.AllKinds) != 1 {
		t.Errorf("since then: %v", since)
	}
}

func TestString_IsJSON(t *testing.T) {
	p, events := install(t)
	events.Emit(core.Event{Kind: core.LayerFailed, Level: core.LevelBackplane})
	events.Emit(core.Event{Kind: core.Hit, Level: core.LevelMemory})
	embedded, err := json.Marshal(map[string]any{"cache": p.Snapshot()})
	if err != nil {
		t.Fatal(err)
	}
	var outer struct{ Cache map[string]float64 }
	if err := json.Unmarshal(embedded, &outer); err != nil {
		t.Fatal(err)
	}
	var plain map[string]float64
	if err := json.Unmarshal([]byte(p.String()), &plain); err != nil {
		t.Fatal(err)
	}
	for _, got := range []map[string]float64{outer.Cache, plain} {
		for name, want := range map[string]float64{
			"layer_failed": 1, "layer_failed_backplane": 1, "layer_failed_distributed": 0,
			"hit": 1, "hit_memory": 1, "miss": 0, "hit_ratio": 1,
		} {
			if n, ok := got[name]; !ok || n != want {
				t.Errorf("%s is %v, want %v", name, n, want)
			}
		}
	}
}

func TestAll_StopsWhenAsked(t *testing.T) {
	for want := 1; want <= 3; want++ {
		n := 0
		for range (stats.Snapshot{}).All() {
			if n++; n == want {
				break
			}
		}
		if n != want {
			t.Errorf("%d steps, want %d", n, want)
		}
	}
}

func TestCount_ConcurrentEventsAreAllCounted(t *testing.T) {
	p, events := install(t)
	const goroutines, each = 8, 10_000
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				events.Emit(core.Event{Kind: core.Hit, Key: fmt.Sprint(g, i), Level: core.LevelMemory})
			}
		})
	}
	for range 100 {
		_ = p.Snapshot()
	}
	wg.Wait()
	if got := p.Snapshot().CountAt(core.Hit, core.LevelMemory); got != goroutines*each {
		t.Errorf("%d hits, want %d", got, goroutines*each)
	}
}

func TestCount_AllocatesNothing(t *testing.T) {
	_, events := install(t)
	if n := testing.AllocsPerRun(100, func() {
		events.Emit(core.Event{Kind: core.Hit, Key: "users:7", Level: core.LevelMemory})
	}); n != 0 {
		t.Errorf("%v allocations per event", n)
	}
}

func BenchmarkHit(b *testing.B) {
	keys := make([]string, 1024)
	for i := range keys {
		keys[i] = fmt.Sprintf("users:%d", i)
	}
	for _, name := range []string{"many keys", "one key", "no listener"} {
		b.Run(name, func(b *testing.B) {
			_, events := install(b)
			if name == "no listener" {
				events = core.NewEvents("shop")
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					key := keys[0]
					if name == "many keys" {
						key = keys[i%len(keys)]
					}
					events.Emit(core.Event{Kind: core.Hit, Key: key, Level: core.LevelMemory})
				}
			})
		})
	}
}

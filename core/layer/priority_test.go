// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/cachetest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/layer"
	"github.com/fusioncache-go/fusioncache/core/memorytest"
)

func otter(n int) core.MemoryLayer {
	return hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: n}))
}

// freecache has room for n pieces of half a mebibyte.
func freecache(n int) core.MemoryLayer { return hybrid.Must(freecachemem.New(n<<19, nil)) }

// by returns a layer by priority of layers that make makes.
func by(tb testing.TB, n int, make func(int) core.MemoryLayer) core.MemoryLayer {
	tb.Helper()
	m, err := layer.ByPriority(layer.Priorities{Low: make(n), Normal: make(n), High: make(n)})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func TestByPriority_Conformance(t *testing.T) {
	for name, h := range map[string]memorytest.Harness{
		"objects": {
			New:      func(tb testing.TB) core.MemoryLayer { return by(tb, 2000, otter) },
			Capacity: 3 * 2000,
			Features: memorytest.Features{Clear: true, Len: true, Evictions: true, AnySize: true},
		},
		"bytes": {
			New:      func(tb testing.TB) core.MemoryLayer { return by(tb, 7, freecache) },
			Capacity: 3 * 7 << 19 / 49,
			Oversize: func() *core.Entry { return core.Encoded(make([]byte, 7<<9), core.Meta{Stale: 1, Dead: 1}) },
			Features: memorytest.Features{Bytes: true, Clear: true, Len: true},
		},
		"unbounded": {
			New: func(tb testing.TB) core.MemoryLayer {
				return by(tb, 0, func(int) core.MemoryLayer { return cachetest.NewMemory() })
			},
			Features: memorytest.Features{Clear: true, Len: true, Unbounded: true, AnySize: true},
		},
	} {
		h.Bubble = true
		t.Run(name, func(t *testing.T) { memorytest.Run(t, h) })
	}
}

// worth returns an entry of a priority.
func worth(v string, p core.Priority) *core.Entry {
	return core.Encoded([]byte(v), core.Meta{Stale: core.Never, Dead: core.Never, Extra: &core.Extra{Priority: p}})
}

func keep(tb testing.TB, m core.MemoryLayer, key string, e *core.Entry) {
	tb.Helper()
	if err := m.Set(key, e); err != nil {
		tb.Error(err)
	}
}

// wantPayload checks what m holds for key, in both ways of asking.
func wantPayload(tb testing.TB, m core.MemoryLayer, key, want string) {
	tb.Helper()
	e, ok := m.Get(key)
	if got := string(e.Payload()); !ok || got != want {
		tb.Errorf("%s: got %q, %v, want %q", key, got, ok, want)
	}
	if b, ok := m.(core.ByteMemory); ok {
		data, found := b.AppendEntry([]byte("x"), key)
		_, payload, err := core.ParseEntry(data[1:])
		if !found || err != nil || string(payload) != want {
			tb.Errorf("%s: got %q, %v, %v, want %q", key, payload, found, err, want)
		}
	}
}

func TestByPriority_AFloodDropsNoneOfAnotherPriority(t *testing.T) {
	for name, m := range map[string]core.MemoryLayer{"objects": by(t, 100, otter), "bytes": by(t, 1, freecache)} {
		for i := range 10 {
			keep(t, m, "high"+strconv.Itoa(i), worth("h", core.HighPriority))
			keep(t, m, "low"+strconv.Itoa(i), worth("l", core.LowPriority))
		}
		for i := range 50_000 {
			keep(t, m, "k"+strconv.Itoa(i), worth("n", core.NormalPriority))
		}
		for i := range 10 {
			wantPayload(t, m, "high"+strconv.Itoa(i), "h")
			wantPayload(t, m, "low"+strconv.Itoa(i), "l")
		}
		if n := m.(core.Lener).Len(); n > 40_000 {
			t.Errorf("%s: %d entries, the test proves nothing", name, n)
		}
	}
}

func TestByPriority_AnEntryIsInOneLayerOnly(t *testing.T) {
	for name, m := range map[string]core.MemoryLayer{"objects": by(t, 100, otter), "bytes": by(t, 1, freecache)} {
		for _, p := range []core.Priority{core.LowPriority, core.HighPriority, core.NormalPriority, core.LowPriority} {
			keep(t, m, "k", worth(fmt.Sprint(p), p))
			wantPayload(t, m, "k", fmt.Sprint(p))
			if n := m.(core.Lener).Len(); n != 1 {
				t.Errorf("%s: %d entries for one key", name, n)
			}
		}
		m.Delete("k")
		if _, ok := m.Get("k"); ok {
			t.Errorf("%s: still there", name)
		}
	}
}

// A refused entry leaves nothing, wherever the one before it was.
func TestByPriority_ARefusalLeavesNothing(t *testing.T) {
	m := by(t, 1, freecache)
	keep(t, m, "k", worth("before", core.HighPriority))
	if err := m.Set("k", worth(string(make([]byte, 1<<20)), core.LowPriority)); err == nil {
		t.Error("no error")
	}
	if _, ok := m.Get("k"); ok {
		t.Error("what was there before is still there")
	}
}

func TestByPriority_WhoReadsFindsAnEntryThatMoves(t *testing.T) {
	m := by(t, 100, otter)
	keep(t, m, "k", worth("v", core.LowPriority))
	var all sync.WaitGroup
	for w := range 2 {
		all.Go(func() {
			for i := range 2000 {
				keep(t, m, "k", worth("v", core.Priority((i+w)%3)))
			}
		})
		all.Go(func() {
			for range 4000 {
				if _, ok := m.Get("k"); !ok {
					t.Error("a miss")
					return
				}
			}
		})
	}
	all.Wait()
	if n := m.(core.Lener).Len(); n != 1 {
		t.Errorf("%d entries for one key", n)
	}
}

func TestByPriority_WithoutALayerOfItsOwnAnEntryIsNormal(t *testing.T) {
	normal := cachetest.NewMemory()
	m, err := layer.ByPriority(layer.Priorities{Normal: normal})
	if err != nil {
		t.Fatal(err)
	}
	keep(t, m, "k", worth("v", core.HighPriority))
	keep(t, m, "l", worth("v", core.LowPriority))
	if normal.Len() != 2 {
		t.Errorf("%d entries", normal.Len())
	}
}

// bare hides the abilities of a layer.
type bare struct{ core.MemoryLayer }

func TestByPriority_RefusesLayersThatDoNotGoTogether(t *testing.T) {
	for name, p := range map[string]layer.Priorities{
		"no normal one":     {High: otter(10)},
		"bytes and objects": {Normal: otter(10), High: freecache(1)},
		"objects and bytes": {Normal: freecache(1), Low: otter(10)},
		"without abilities": {Normal: otter(10), High: bare{otter(10)}},
	} {
		if _, err := layer.ByPriority(p); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

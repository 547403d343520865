// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package ottermem_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
)

func set(tb testing.TB, m *ottermem.Memory, key string, e *core.Entry) {
	tb.Helper()
	if err := m.Set(key, e); err != nil {
		tb.Fatal(err)
	}
}

func has(m *ottermem.Memory, key string) bool {
	_, ok := m.Get(key)
	return ok
}

func live(v int) *core.Entry { return core.Live(v, core.Meta{Stale: 1000, Dead: 2000}) }

func TestNew_RefusesWrongOptionsAndNamesThem(t *testing.T) {
	weigher := func(string, *core.Entry) uint32 { return 1 }
	for _, c := range []struct {
		opts ottermem.Options
		want []string
	}{
		{ottermem.Options{MaxEntries: -1}, []string{"MaxEntries"}},
		{ottermem.Options{MaxEntries: 1, MaxWeight: 1, Weigher: weigher}, []string{"MaxWeight"}},
		{ottermem.Options{Weigher: weigher}, []string{"Weigher"}},
		{ottermem.Options{MaxEntries: 1, Weigher: weigher}, []string{"Weigher"}},
		{ottermem.Options{MaxEntries: -1, Weigher: weigher}, []string{"MaxEntries", "Weigher"}},
	} {
		m, err := ottermem.New(&c.opts)
		if m != nil || err == nil {
			t.Errorf("%+v: got %v, %v; want an error", c.opts, m, err)
			continue
		}
		if _, ok := errors.AsType[*core.OptionError](err); !ok {
			t.Errorf("%+v: %v is no option error", c.opts, err)
		}
		for _, option := range c.want {
			if !strings.Contains(err.Error(), "ottermem.Options."+option) {
				t.Errorf("%+v: %q does not name %s", c.opts, err, option)
			}
		}
	}
}

func TestNew_DefaultBound(t *testing.T) {
	m := newMemory(t, nil)
	for i := range 2 * ottermem.DefaultMaxEntries {
		set(t, m, fmt.Sprint(i), live(i))
	}
	if got := m.Len(); got != ottermem.DefaultMaxEntries {
		t.Errorf("Len is %d, want %d", got, ottermem.DefaultMaxEntries)
	}
}

func TestSeed_BL2_HotKeysSurviveAScanAndLenKeepsTheBound(t *testing.T) {
	t.Run("counting", func(t *testing.T) {
		scan(t, newMemory(t, &ottermem.Options{MaxEntries: 1000}))
	})
	t.Run("counting, full", func(t *testing.T) {
		m := newMemory(t, &ottermem.Options{MaxEntries: 1000})
		fill(t, m, "old", 1000)
		scan(t, m)
	})
}

// scan reads a hundred keys ten times in a layer that holds a thousand, setting
// what it misses, and then sets ten thousand others.
func scan(t *testing.T, m *ottermem.Memory) {
	fill(t, m, "hot", 100)
	for range 10 {
		for i := range 100 {
			if key := fmt.Sprint("hot", i); !has(m, key) {
				set(t, m, key, live(i))
			}
		}
	}
	fill(t, m, "once", 10_000)
	if got := m.Len(); got > 1000 {
		t.Errorf("Len is %d, want 1000 at most", got)
	}
	alive := 0
	for i := range 100 {
		if has(m, fmt.Sprint("hot", i)) {
			alive++
		}
	}
	if alive < 90 {
		t.Errorf("%d of 100 hot keys survive, want 90", alive)
	}
}

func fill(t *testing.T, m *ottermem.Memory, prefix string, n int) {
	for i := range n {
		set(t, m, fmt.Sprint(prefix, i), live(i))
	}
}

func TestSeed_BL2_SetThenGetHits(t *testing.T) {
	weighted := func(weight uint32) *ottermem.Options {
		return &ottermem.Options{MaxWeight: 1000, Weigher: func(string, *core.Entry) uint32 { return weight }}
	}
	for name, opts := range map[string]*ottermem.Options{
		"1 entry": {MaxEntries: 1}, "2 entries": {MaxEntries: 2}, "100 entries": {MaxEntries: 100},
		"many entries": {MaxEntries: ottermem.DefaultMaxEntries + 1},
		"light":        weighted(1), "heavier than the window": weighted(11), "heavy": weighted(300), "as heavy as can be": weighted(1000),
	} {
		m := newMemory(t, opts)
		fill(t, m, "old", 2*opts.MaxEntries)
		for i := range 600 {
			for hot := range 5 { // so popular that they should not give way
				set(t, m, fmt.Sprint("hot", hot), live(hot))
				has(m, fmt.Sprint("hot", hot))
			}
			key := fmt.Sprint("new", i)
			if set(t, m, key, live(i)); !has(m, key) {
				t.Errorf("%s: new entry %d is gone when Set has returned", name, i)
				break
			}
		}
	}
}

// Readers start maintenance that a writer does not wait for.
func TestSet_HeavyEntryIsThereWhileOthersRead(t *testing.T) {
	m := newMemory(t, &ottermem.Options{MaxWeight: 1000, Weigher: func(string, *core.Entry) uint32 { return 100 }})
	fill(t, m, "hot", 10)
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
					has(m, fmt.Sprint("hot", i%10))
				}
			}
		})
	}
	for i := range 2000 {
		key := fmt.Sprint("new", i)
		if set(t, m, key, live(i)); !has(m, key) {
			t.Errorf("new entry %d is gone when Set has returned", i)
			break
		}
	}
	close(done)
	readers.Wait()
}

func TestSeed_FS1_StaleEntriesCountOnceAndStay(t *testing.T) {
	m := newMemory(t, &ottermem.Options{MaxEntries: 100})
	for i := range 100 {
		set(t, m, fmt.Sprint(i), core.Live(i, core.Meta{}))
	}
	if got := m.Len(); got != 100 {
		t.Errorf("Len is %d, want 100", got)
	}
	for i := range 100 {
		if !has(m, fmt.Sprint(i)) {
			t.Errorf("entry %d is gone", i)
		}
	}
}

func TestSet_HeavierThanTheLayerIsRefusedAndForgetsTheOld(t *testing.T) {
	m := newMemory(t, &ottermem.Options{MaxWeight: 500, Weigher: size})
	set(t, m, "key", live(1))
	set(t, m, "other", live(2))
	fits, large := core.Encoded(make([]byte, 500-103), core.Meta{}), core.Encoded(make([]byte, 500-102), core.Meta{})
	err := m.Set("key", large)
	if !errors.Is(err, core.ErrTooLarge) || !strings.Contains(err.Error(), `"key"`) {
		t.Errorf("error is %v, want ErrTooLarge and the key", err)
	}
	if has(m, "key") || !has(m, "other") || m.Len() != 1 {
		t.Errorf("key held: %v, other held: %v, Len %d", has(m, "key"), has(m, "other"), m.Len())
	}
	set(t, m, "key", fits)
	if !has(m, "key") {
		t.Error("an entry as heavy as the layer is not there")
	}
}

func TestSet_WeightlessEntriesAreBoundedToo(t *testing.T) {
	m := newMemory(t, &ottermem.Options{MaxWeight: 100, Weigher: func(string, *core.Entry) uint32 { return 0 }})
	for i := range 10_000 {
		set(t, m, fmt.Sprint(i), live(i))
	}
	if got := m.Len(); got > 100 {
		t.Errorf("Len is %d, want 100 at most", got)
	}
}

func TestSet_OverwriteChangesTheWeight(t *testing.T) {
	m := newMemory(t, &ottermem.Options{MaxWeight: 1000, Weigher: size})
	heavy := core.Encoded(make([]byte, 700), core.Meta{})
	for range 50 {
		set(t, m, "a", heavy)
		set(t, m, "b", heavy)
		if !has(m, "b") || m.Len() != 1 {
			t.Fatalf("b held: %v, Len %d; both together are too heavy", has(m, "b"), m.Len())
		}
		set(t, m, "b", live(1))
		set(t, m, "a", live(1))
		if m.Len() != 2 {
			t.Fatalf("Len is %d, want 2: both are light now", m.Len())
		}
	}
}

func TestGet_KeepsTheEntryItself(t *testing.T) {
	m := newMemory(t, nil)
	e := live(1)
	set(t, m, "key", e)
	if got, _ := m.Get("key"); got != e {
		t.Errorf("got %p, want %p", got, e)
	}
}

func TestGet_AllocatesNothing(t *testing.T) {
	for name, opts := range map[string]*ottermem.Options{
		"counting": {MaxEntries: 100}, "weighing": {MaxWeight: 100, Weigher: func(string, *core.Entry) uint32 { return 1 }},
	} {
		m := newMemory(t, opts)
		keys := make([]string, 200)
		for i := range keys {
			keys[i] = fmt.Sprint(i)
			set(t, m, keys[i], live(i))
		}
		e, i := live(1), 0
		for call, do := range map[string]func(){
			"hit":                  func() { m.Get(keys[len(keys)-1]) },
			"hits and misses":      func() { m.Get(keys[i%200]); i++ },
			"overwrite":            func() { _ = m.Set(keys[len(keys)-1], e) },
			"delete an absent key": func() { m.Delete("absent") },
		} {
			// Enough rounds to see the maintenance that reads make due.
			if n := testing.AllocsPerRun(5000, do); n != 0 {
				t.Errorf("%s, %s: %v allocations, want 0", name, call, n)
			}
		}
	}
}

func TestMemory_LeavesNoGoroutineBehind(t *testing.T) {
	for _, most := range []int{100, ottermem.DefaultMaxEntries + 1} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(t, &ottermem.Options{MaxEntries: most})
			for i := range 40_000 {
				set(t, m, fmt.Sprint(i%20_000), live(i))
				has(m, fmt.Sprint(i*7%20_000))
				if i == 30_000 {
					m.Clear()
				}
			}
			// The end of the bubble fails if a goroutine is still there and waits.
		})
	}
}

func TestMemory_SettlesAfterConcurrentWrites(t *testing.T) {
	for name, opts := range map[string]*ottermem.Options{
		"counting": {MaxEntries: 100}, "weighing": {MaxWeight: 10_000, Weigher: size},
	} {
		m := newMemory(t, opts)
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				for i := range 2000 {
					_ = m.Set(fmt.Sprint(w, i), live(i))
				}
			})
		}
		all.Wait()
		if got := m.Len(); got > 100 {
			t.Errorf("%s: Len is %d, want 100 at most", name, got)
		}
	}
}

func Example() {
	// 64 MiB of payloads and keys, going by the size of what is encoded.
	memory, err := ottermem.New(&ottermem.Options{
		MaxWeight: 64 << 20,
		Weigher:   func(key string, e *core.Entry) uint32 { return uint32(200 + len(key) + len(e.Payload())) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(memory.Len())
	// Output: 0
}

func TestMemory_WithoutAWeigherAnEntryWeighsItsSize(t *testing.T) {
	m := newMemory(t, &ottermem.Options{MaxWeight: 100})
	sized := func(n uint32) *core.Entry {
		return core.Live(n, (&core.EntryOptions{Size: n}).Meta(0, 0))
	}
	for i := range 50 {
		set(t, m, fmt.Sprint(i), sized(30))
	}
	if got := m.Len(); got > 3 {
		t.Errorf("%d entries of 30 are held in 100", got)
	}
	if err := m.Set("large", sized(101)); !errors.Is(err, core.ErrTooLarge) {
		t.Errorf("error is %v", err)
	}
	if e := core.Live(1, core.Meta{}); e.Size() != 1 {
		t.Errorf("an entry without a size has %d", e.Size())
	}
}

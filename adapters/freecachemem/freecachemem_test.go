// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/core"
)

// entry returns an entry with a payload of size bytes.
func entry(size int) *core.Entry {
	return core.Encoded(bytes.Repeat([]byte("x"), size), core.Meta{Stale: 1000, Dead: 2000})
}

// overhead is the metadata of such an entry.
var overhead = len(entry(0).AppendBinary(nil))

func set(tb testing.TB, m *freecachemem.Memory, key string, e *core.Entry) {
	tb.Helper()
	if err := m.Set(key, e); err != nil {
		tb.Fatal(err)
	}
}

func has(m *freecachemem.Memory, key string) bool {
	_, ok := m.Get(key)
	return ok
}

func TestNew_RefusesSizesThatFreecacheWouldChangeOrFailOn(t *testing.T) {
	for _, size := range []int{-1, 0, 1, freecachemem.MinSize - 1, freecachemem.MaxSize + 1} {
		m, err := freecachemem.New(size, nil)
		if m != nil || err == nil {
			t.Fatalf("New(%d) = %v, %v; want an error", size, m, err)
		}
		if o, ok := errors.AsType[*core.OptionError](err); !ok || o.Option != "freecachemem.size" {
			t.Errorf("New(%d): %v names no option", size, err)
		}
	}
	if m := newMemory(t, freecachemem.MinSize); m.MaxEntry() != 475 {
		t.Errorf("MaxEntry is %d, want 475", m.MaxEntry())
	}
}

func TestNew_LargestEntryMustFit(t *testing.T) {
	most := newMemory(t, 1<<20).MaxEntry()
	if _, err := freecachemem.New(1<<20, &freecachemem.Options{LargestEntry: most}); err != nil {
		t.Error(err)
	}
	for _, bad := range []int{-1, most + 1} {
		_, err := freecachemem.New(1<<20, &freecachemem.Options{LargestEntry: bad})
		if o, ok := errors.AsType[*core.OptionError](err); !ok || o.Option != "freecachemem.Options.LargestEntry" {
			t.Errorf("LargestEntry %d: error is %v", bad, err)
		}
	}
}

func TestNew_ReturnsAllProblems(t *testing.T) {
	_, err := freecachemem.New(1, &freecachemem.Options{LargestEntry: -1})
	if err == nil || !strings.Contains(err.Error(), "size") || !strings.Contains(err.Error(), "LargestEntry") {
		t.Errorf("error is %v, want both problems", err)
	}
}

func TestSet_LargestEntryFitsAndOneByteMoreDoesNot(t *testing.T) {
	for _, size := range []int{freecachemem.MinSize, 1<<20 + 1023, 3 << 20, 10<<20 - 1} {
		m := newMemory(t, size)
		for _, key := range []string{"k", strings.Repeat("k", 200)} {
			room := m.MaxEntry() - len(key) - overhead
			if err := m.Set(key, entry(room)); err != nil || !has(m, key) {
				t.Errorf("size %d: %d bytes do not fit: %v", size, m.MaxEntry(), err)
			}
			err := m.Set(key, entry(room+1))
			if !errors.Is(err, core.ErrTooLarge) || !strings.Contains(err.Error(), fmt.Sprintf("%q", key)) {
				t.Errorf("size %d: one byte more: error is %v", size, err)
			}
			if has(m, key) {
				t.Errorf("size %d: the old entry is still there", size)
			}
		}
	}
}

func TestSet_KeyTooLongForItsLengthField(t *testing.T) {
	m := newMemory(t, 128<<20)
	key := strings.Repeat("k", 1<<16)
	if err := m.Set(key[1:], entry(1)); err != nil || !has(m, key[1:]) {
		t.Errorf("key of 65535 bytes: %v", err)
	}
	if err := m.Set(key, entry(1)); !errors.Is(err, core.ErrTooLarge) || has(m, key) {
		t.Errorf("key of 65536 bytes: error is %v", err)
	}
}

func TestSet_PayloadOfNilIsAnEmptyPayload(t *testing.T) {
	m := newMemory(t, 1<<20)
	set(t, m, "k", core.Encoded(nil, core.Meta{Stale: 1, Dead: 1}))
	if e, ok := m.Get("k"); !ok || e.Payload() == nil || len(e.Payload()) != 0 {
		t.Errorf("got %v, %v", e, ok)
	}
}

func TestMemory_ForgetsNothingByTime(t *testing.T) {
	m := newMemory(t, 1<<20)
	set(t, m, "dead", core.Encoded([]byte("x"), core.Meta{}))
	if !has(m, "dead") {
		t.Error("a dead entry is gone; what is dead is for the stack to judge")
	}
}

func TestHit_Allocates(t *testing.T) {
	m := newMemory(t, 1<<20)
	key := strings.Repeat("key ", 30)
	e := entry(300)
	set(t, m, key, e)
	buf := make([]byte, 0, 1000)
	for _, c := range []struct {
		name string
		want float64
		do   func()
	}{
		{"AppendEntry with room", 0, func() { buf, _ = m.AppendEntry(buf[:0], key) }},
		{"AppendEntry without", 1, func() { _, _ = m.AppendEntry(nil, key) }},
		{"AppendEntry of an absent key", 0, func() { _, _ = m.AppendEntry(buf[:0], "absent") }},
		{"Get", 2, func() { _, _ = m.Get(key) }},
		{"Get of an absent key", 0, func() { _, _ = m.Get("absent") }},
		{"Set", 0, func() { _ = m.Set(key, e) }},
		{"Delete", 0, func() { m.Delete("absent") }},
	} {
		// The least of many runs: under the race detector a pool forgets at random.
		got := testing.AllocsPerRun(1, c.do)
		for range 50 {
			got = min(got, testing.AllocsPerRun(1, c.do))
		}
		if got != c.want {
			t.Errorf("%s: %v allocations, want %v", c.name, got, c.want)
		}
	}
}

func Example() {
	// 64 MiB, and values of up to 32 KiB with their keys.
	memory, err := freecachemem.New(64<<20, &freecachemem.Options{LargestEntry: 33 << 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(memory.MaxEntry(), memory.Len())
	// Output: 65499 0
}

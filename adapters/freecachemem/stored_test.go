// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem

import (
	"bytes"
	"math"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestOpen_OfAnotherKeyIsNothing(t *testing.T) {
	data := seal([]byte("entry"), "key", len("entrykey")+trailerSize+3)
	if got, ok := open(data, "key"); !ok || string(got) != "entry" {
		t.Errorf("got %q, %v", got, ok)
	}
	for _, key := range []string{"", "k", "ey", "Key", "kez", "keyy", "\x00key", "entry\x00\x00\x00key"} {
		if got, ok := open(data, key); ok {
			t.Errorf("opened with %q: %q", key, got)
		}
	}
	for n := range data {
		if got, ok := open(data[:n], "key"); ok {
			t.Errorf("opened %d of %d bytes: %q", n, len(data), got)
		}
	}
	if got, ok := open([]byte("\x00\x00\xff\xff"), ""); ok {
		t.Errorf("opened a trailer of more padding than there is: %q", got)
	}
}

func TestSlot(t *testing.T) {
	for _, c := range []struct {
		have, need, size int
		inPlace          bool
	}{
		{0, 100, 100, false}, {100, 100, 100, true},
		{100, 99, 100, true}, {100, 50, 100, true}, {100, 49, 49, false},
		{200_000, 150_000, 200_000, true}, {200_000, 134_465, 200_000, true}, {200_000, 134_464, 134_464, false},
		{100, 160, 180, false}, {1, 700_000, 765_535, false},
		{1, 900_000, 900_000, false}, {1, 899_999, 900_000, false}, {0, 900_000, 900_000, false},
	} {
		if size, inPlace := slot(c.have, c.need, 900_000); size != c.size || inPlace != c.inPlace {
			t.Errorf("slot(%d, %d) = %d, %v; want %d, %v", c.have, c.need, size, inPlace, c.size, c.inPlace)
		}
	}
}

// Two keys of one hash cannot be found, so this puts one in the other's place.
func TestMemory_KeysOfOneHashAreNotTakenForOneAnother(t *testing.T) {
	m, err := New(1<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := core.Encoded([]byte("payload"), core.Meta{Stale: 1, Dead: 1})
	id := m.id("there")
	form := e.AppendBinary(nil)
	if err := m.cache.Set(id[:], seal(form, "other", len(form)+5+trailerSize), 0); err != nil {
		t.Fatal(err)
	}
	if e, ok := m.Get("there"); ok {
		t.Errorf("Get returns %q of another key", e.Payload())
	}
	dst := []byte("dst")
	if got, ok := m.AppendEntry(dst, "there"); ok || !bytes.Equal(got, dst) {
		t.Errorf("AppendEntry returns %q of another key", got)
	}
	if err := m.Set("there", e); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Get("there"); !ok {
		t.Error("the other key is in the way")
	}
}

func TestMemory_StoredRubbishIsAMiss(t *testing.T) {
	m, err := New(1<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := m.id("key")
	for _, data := range [][]byte{{1}, seal(nil, "key", 3+trailerSize), seal([]byte{0x80}, "key", 4+trailerSize)} {
		if err := m.cache.Set(id[:], data, 0); err != nil {
			t.Fatal(err)
		}
		if e, ok := m.Get("key"); ok {
			t.Errorf("%q is read as %v", data, e)
		}
	}
}

func TestClock_CountsBytesAndStopsAtItsEnd(t *testing.T) {
	c := newClock(64 << 10)
	c.wrote(1<<10 - 1)
	if c.Now() != 0 {
		t.Errorf("before the first tick: %d", c.Now())
	}
	c.wrote(1)
	c.wrote(3 << 10)
	if c.Now() != 4 {
		t.Errorf("after four units: %d", c.Now())
	}
	c.written.Store(math.MaxInt64 - 1<<20)
	c.wrote(1)
	if c.Now() != math.MaxUint32 {
		t.Errorf("at the end: %d", c.Now())
	}
}

func TestSet_KeepsOneBufferAtMostAsLargeAsAnEntry(t *testing.T) {
	m, err := New(1<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = m.Set("key", core.Encoded(make([]byte, 10<<20), core.Meta{}))
	buf := m.buffers.Get().(*[]byte)
	if cap(*buf) > 4*m.MaxEntry() {
		t.Errorf("a refused entry left a buffer of %d bytes behind", cap(*buf))
	}
}

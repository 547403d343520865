// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestOpen_OfAnotherKeyIsNothing(t *testing.T) {
	k := newKinds()
	for _, padding := range []int{0, 1, 2, 3, 253, 254, 255, 256, maxPadding} {
		for _, full := range []string{"key", "view:key"} {
			of, number := k.of(full, []byte("head"))
			data := seal(nil, number, of, full, []byte("headentry"))
			data = pad(data, len(data)+padding)
			if found, own, ok := k.open(data, full); !ok || found.head+string(own) != "headentry" {
				t.Errorf("padding of %d: got %q, %q, %v", padding, found, own, ok)
			}
			for _, key := range []string{"", "k", "ey", "Key", "kez", "keyy", "\x03key", "view:", "View:key", "view:kez", "keyentry", "other:key", "view:keyy"} {
				if _, own, ok := k.open(data, key); ok && key != full {
					t.Errorf("opened with %q: %q", key, own)
				}
			}
		}
	}
}

func TestOpen_OfRubbishIsNothing(t *testing.T) {
	k := newKinds()
	of, number := k.of("a:key", []byte("head"))
	for _, data := range []string{
		"", "\x80", "\x02", "\x02\x80", "\x02\x04key", "\x02\x05key", "\x04\x03key", "\x03\x03key", "\x03\x03key\x00", "\x03\x03key\x02",
		"\x03\x03key\xff", "\x03\x03key\x04\x00\xff", "\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01key",
	} {
		if found, own, ok := k.open([]byte(data), "a:key"); ok {
			t.Errorf("%q is opened as %q, %q", data, found, own)
		}
	}
	if _, own, ok := k.open(seal(nil, number, of, "a:key", []byte("head")), "a:key"); !ok || len(own) != 0 {
		t.Errorf("nothing but a head: %q, %v", own, ok)
	}
}

func TestKinds_AreShared(t *testing.T) {
	k := newKinds()
	first, n := k.of("a:1", []byte("head"))
	if again, same := k.of("a:2", []byte("head")); n != same || again != first || first != (kind{"a:", "head"}) {
		t.Errorf("%q has number %d, and then %q %d", first, n, again, same)
	}
	for _, key := range []string{"b:1", "1", strings.Repeat("s", maxStart) + ":1"} {
		if of, other := k.of(key, []byte("head")); other == n {
			t.Errorf("%q is of kind %q, number %d", key, of, other)
		}
	}
}

func TestKinds_AreBounded(t *testing.T) {
	k := newKinds()
	for i := range 2 * maxKinds {
		key := fmt.Sprint(i, ":key")
		of, number := k.of(key, []byte("head"))
		if i >= maxKinds && (number != 0 || of != kind{}) {
			t.Fatalf("kind %d has number %d", i, number)
		}
		if _, own, ok := k.open(seal(nil, number, of, key, []byte("headentry")), key); !ok || of.head+string(own) != "headentry" {
			t.Fatalf("kind %d: %q, %v", i, own, ok)
		}
	}
	if n := len(k.now.Load().all); n != maxKinds {
		t.Errorf("there are %d kinds", n)
	}
}

// Each goroutine's kinds are new now and then, and known to the others at other times.
func TestKinds_AreAgreedUpon(t *testing.T) {
	k := newKinds()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 200 {
				want := kind{fmt.Sprint(i, ":"), "head"}
				of, number := k.of(want.start+"key", []byte("head"))
				if found, ok := k.at(uint64(number)); !ok || found != want || of != want {
					t.Errorf("kind %d is %q and %q, want %q", number, of, found, want)
				}
			}
		})
	}
	all.Wait()
	if n := len(k.now.Load().all); n != 201 {
		t.Errorf("there are %d kinds, want 201", n)
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
	if err := m.cache.Set(id[:], seal(nil, 0, kind{}, "other", e.AppendBinary(nil)), 0); err != nil {
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
	for _, data := range [][]byte{{1}, seal(nil, 0, kind{}, "key", nil), seal(nil, 0, kind{}, "key", []byte{0x80})} {
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
	b := m.buffers.Get().(*buffers)
	if cap(b.form)+cap(b.stored) > 4*m.MaxEntry() {
		t.Errorf("a refused entry left buffers of %d and %d bytes behind", cap(b.form), cap(b.stored))
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package shield_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/shield"
	"github.com/fusioncache-go/fusioncache/core/memorytest"
)

const (
	size     = 7 << 19 // of a layer of bytes
	capacity = 2000    // of a layer of objects
)

func newBytes(tb testing.TB) core.MemoryLayer {
	tb.Helper()
	m, err := freecachemem.New(size, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func newObjects(tb testing.TB) core.MemoryLayer {
	tb.Helper()
	m, err := ottermem.New(&ottermem.Options{MaxEntries: capacity})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// plainly hides every ability.
type plainly struct{ core.MemoryLayer }

// openly hides none.
type openly struct{ core.MemoryLayer }

func (o openly) Unwrap() core.MemoryLayer { return o.MemoryLayer }

func TestConformance_Memory(t *testing.T) {
	bytes := memorytest.Harness{
		Capacity: size / 49,
		Oversize: func() *core.Entry {
			return core.Encoded(make([]byte, size/1024), core.Meta{Stale: 1, Dead: 1})
		},
		Bubble:   true,
		Features: memorytest.Features{Bytes: true, Clear: true, Len: true},
	}
	bytes.New = func(tb testing.TB) core.MemoryLayer {
		m := newBytes(tb)
		return shield.Memory(openly{m}, m, plugins, nil)
	}
	t.Run("bytes", func(t *testing.T) { memorytest.Run(t, bytes) })

	bytes.Features = memorytest.Features{Bytes: true}
	bytes.New = func(tb testing.TB) core.MemoryLayer {
		m := newBytes(tb)
		return shield.Memory(plainly{m}, m, plugins, nil)
	}
	t.Run("bytes by Get", func(t *testing.T) { memorytest.Run(t, bytes) })

	t.Run("objects", func(t *testing.T) {
		memorytest.Run(t, memorytest.Harness{
			New: func(tb testing.TB) core.MemoryLayer {
				m := newObjects(tb)
				return shield.Memory(openly{m}, m, plugins, nil)
			},
			Capacity: capacity,
			Bubble:   true,
			Features: memorytest.Features{Clear: true, Len: true, Evictions: true, AnySize: true},
		})
	})
}

// wildMemory panics whatever it is asked, while it is wild.
type wildMemory struct {
	core.MemoryLayer
	wild bool
}

func (w *wildMemory) mayPanic() {
	if w.wild {
		panic(errBad)
	}
}

func (w *wildMemory) Get(key string) (*core.Entry, bool) {
	w.mayPanic()
	return w.MemoryLayer.Get(key)
}

func (w *wildMemory) Set(key string, e *core.Entry) error {
	w.mayPanic()
	return w.MemoryLayer.Set(key, e)
}

func (w *wildMemory) Delete(key string) {
	w.mayPanic()
	w.MemoryLayer.Delete(key)
}

func (w *wildMemory) AppendEntry(dst []byte, _ string) ([]byte, bool) {
	w.mayPanic()
	return dst, false
}

func (w *wildMemory) Clear()                            { w.mayPanic() }
func (w *wildMemory) Len() int                          { w.mayPanic(); return 0 }
func (w *wildMemory) OnEvict(func(string, *core.Entry)) { w.mayPanic() }

func TestMemory_APanicOfAnyCallIsAMissOrARefusalAndAnEvent(t *testing.T) {
	heard, events := newBook()
	bare := newObjects(t)
	m := shield.Memory(&wildMemory{bare, true}, bare, plugins, events)
	bytes, _ := core.As[core.ByteMemory](m)
	clears, _ := core.As[core.Clearer](m)
	counts, _ := core.As[core.Lener](m)
	tells, _ := core.As[core.EvictionTeller](m)
	for call, do := range map[string]func() bool{
		"get":    func() bool { e, ok := m.Get("get"); return e == nil && !ok },
		"append": func() bool { data, ok := bytes.AppendEntry([]byte("x"), "append"); return len(data) == 0 && !ok },
		"delete": func() bool { m.Delete("x"); return true },
		"clear":  func() bool { clears.Clear(); return true },
		"len":    func() bool { return counts.Len() == 0 },
		"evicts": func() bool { tells.OnEvict(nil); return true },
	} {
		if !do() {
			t.Errorf("%s: something was found", call)
		}
		if call == "get" || call == "append" {
			heard.heard = heard.heard[1:] // what cannot be read is dropped
		}
		heard.expect(t, call, heard.last())
	}
	err := m.Set("k", core.Live(1, core.Meta{}))
	heard.heard = heard.heard[1:] // of the removal of what was there before
	heard.expect(t, "set", err)
}

// What a call that panicked was to replace is not shown any more, wherever it still is.
func TestMemory_WhatAPanicLeavesBehindIsNotShown(t *testing.T) {
	older, newer := core.Encoded([]byte("1"), core.Meta{}), core.Encoded([]byte("2"), core.Meta{})
	for call, do := range map[string]func(m core.MemoryLayer){
		"set":    func(m core.MemoryLayer) { _ = m.Set("k", newer) },
		"delete": func(m core.MemoryLayer) { m.Delete("k") },
	} {
		for _, kind := range []string{"objects", "bytes"} {
			bare := newObjects(t)
			if kind == "bytes" {
				bare = newBytes(t)
			}
			inner := &keeper{MemoryLayer: bare, kept: map[string]*core.Entry{}}
			m := shield.Memory(inner, bare, plugins, nil)
			_, other := m.Set("k", older), m.Set("other", older)
			inner.wild = true
			do(m)
			inner.wild = false
			if _, held := bare.Get("k"); held {
				t.Errorf("%s, %s: the layer itself still has it", call, kind)
			}
			if _, kept := inner.kept["k"]; !kept {
				t.Fatal("the wrapper has nothing that could be shown")
			}
			wantHeld(t, call+", "+kind, m, "k", nil)
			wantHeld(t, "another key", m, "other", older)
			if err := m.Set("k", newer); err != nil || other != nil {
				t.Error(err, other)
			}
			wantHeld(t, "a set after that", m, "k", newer)
			m.Delete("k")
			wantHeld(t, "a removal after that", m, "k", nil)
		}
	}
}

// keeper is a wrapper that keeps what it is given, and panics when it is to change that.
type keeper struct {
	core.MemoryLayer
	kept map[string]*core.Entry
	wild bool
}

func (k *keeper) Get(key string) (*core.Entry, bool) {
	e, ok := k.kept[key]
	return e, ok
}

func (k *keeper) Set(key string, e *core.Entry) error {
	if k.wild {
		panic(errBad)
	}
	k.kept[key] = e
	return k.MemoryLayer.Set(key, e)
}

func (k *keeper) Delete(key string) {
	if k.wild {
		panic(errBad)
	}
	delete(k.kept, key)
	k.MemoryLayer.Delete(key)
}

// wantHeld asks m for key in all ways that it has.
func wantHeld(t *testing.T, when string, m core.MemoryLayer, key string, want *core.Entry) {
	t.Helper()
	if e, ok := m.Get(key); ok != (want != nil) || ok && !slices.Equal(e.Payload(), want.Payload()) {
		t.Errorf("%s: Get of %q returns %v, %v", when, key, e, ok)
	}
	if bytes, able := core.As[core.ByteMemory](m); able {
		data, ok := bytes.AppendEntry(nil, key)
		if ok != (want != nil) || ok && !slices.Equal(data, want.AppendBinary(nil)) {
			t.Errorf("%s: AppendEntry of %q returns %q, %v", when, key, data, ok)
		}
	}
}

// Keys that are lost are bounded: with too many of them memory is not used any more.
func TestMemory_TooManyLostKeysAreAllKeys(t *testing.T) {
	bare := newObjects(t)
	inner := &keeper{MemoryLayer: bare, kept: map[string]*core.Entry{}}
	m, e := shield.Memory(inner, bare, plugins, nil), core.Live(1, core.Meta{})
	if err := m.Set("k", e); err != nil {
		t.Fatal(err)
	}
	lose := func(from, to int) {
		inner.wild = true
		for i := from; i < to; i++ {
			m.Delete(fmt.Sprint(i))
		}
		inner.wild = false
	}
	lose(0, 1024)
	wantHeld(t, "as many as are remembered", m, "k", e)
	m.Delete("0")
	lose(1024, 1025)
	wantHeld(t, "one was found, another lost", m, "k", e)
	lose(1025, 1030)
	wantHeld(t, "too many", m, "k", nil)
	if err := m.Set("k", e); err == nil {
		t.Error("a set is not refused")
	}
	m.Delete("k")
	if _, kept := inner.kept["k"]; kept {
		t.Error("nothing is removed any more")
	}
}

func TestMemory_HasTheAbilitiesOfWhatIsInside(t *testing.T) {
	for what, c := range map[string]struct {
		m, bare                    core.MemoryLayer
		bytes, clears, lens, tells bool
	}{
		"objects":        {openly{newObjects(t)}, newObjects(t), false, true, true, true},
		"bytes":          {openly{newBytes(t)}, newBytes(t), true, true, true, false},
		"objects, plain": {plainly{newObjects(t)}, newObjects(t), false, false, false, false},
		"bytes, plain":   {plainly{newBytes(t)}, newBytes(t), true, false, false, false},
		"made bytes":     {newBytes(t), newObjects(t), true, true, true, false},
	} {
		m := shield.Memory(c.m, c.bare, plugins, nil)
		_, bytes := core.As[core.ByteMemory](m)
		_, clears := core.As[core.Clearer](m)
		_, lens := core.As[core.Lener](m)
		_, tells := core.As[core.EvictionTeller](m)
		if bytes != c.bytes || clears != c.clears || lens != c.lens || tells != c.tells {
			t.Errorf("%s: bytes %v, clears %v, lens %v, tells %v", what, bytes, clears, lens, tells)
		}
	}
	if bare := newObjects(t); shield.Memory(bare, bare, nil, nil) != bare {
		t.Error("there is a shield without plugins")
	}
}

func TestMemory_CostsNoAllocation(t *testing.T) {
	bare := newBytes(t)
	m := shield.Memory(openly{bare}, bare, plugins, nil)
	bytes, _ := core.As[core.ByteMemory](m)
	if err := m.Set("k", core.Encoded([]byte("1"), core.Meta{})); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 0, 1000)
	if n := testing.AllocsPerRun(100, func() {
		_, _ = bytes.AppendEntry(buffer, "k")
		_, _ = m.Get("other")
		m.Delete("other")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

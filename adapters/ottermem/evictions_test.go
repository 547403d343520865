// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package ottermem_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
)

// evictions counts what a layer tells.
type evictions struct {
	mu sync.Mutex
	n  map[string]int
}

func (v *evictions) hear(key string, _ *core.Entry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n[key]++
}

func listen(m *ottermem.Memory) *evictions {
	v := &evictions{n: make(map[string]int)}
	m.OnEvict(v.hear)
	return v
}

// Otter would turn away a heavy entry that nobody has asked for: the layer makes
// room and takes it in all the same.
func TestOnEvict_WhatMakesRoomIsToldAndWhatComesIsNot(t *testing.T) {
	m := newMemory(t, &ottermem.Options{MaxWeight: 100 * capacity, Weigher: size})
	heard := listen(m)
	for i := range 2 * capacity {
		key := fmt.Sprint("light", i)
		_ = m.Set(key, core.Encoded(make([]byte, 10), core.Meta{}))
		m.Get(key)
	}
	for i := range 20 {
		_ = m.Set(fmt.Sprint("heavy", i), core.Encoded(make([]byte, 2000), core.Meta{}))
		if n := heard.n[fmt.Sprint("heavy", i)]; n > 0 {
			t.Errorf("an entry that was set just now is told %d times", n)
		}
	}
	for i := range 2 * capacity {
		key := fmt.Sprint("light", i)
		_, held := m.Get(key)
		if n := heard.n[key]; held && n != 0 || !held && n != 1 {
			t.Errorf("%s is told %d times; that it is held is %v", key, n, held)
		}
	}
}

// Whatever goroutines do to each other, what is not there any more was told.
func TestOnEvict_ManyWritersLoseNothing(t *testing.T) {
	for name, opts := range map[string]*ottermem.Options{
		"small": {MaxEntries: capacity}, "large": {MaxEntries: 2 * ottermem.DefaultMaxEntries},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory(t, opts)
			heard := listen(m)
			var writers sync.WaitGroup
			for w := range 4 {
				writers.Go(func() {
					for i := range opts.MaxEntries {
						_ = m.Set(fmt.Sprint(w, " ", i), live(1))
						m.Get(fmt.Sprint(w, " ", i/2))
					}
				})
			}
			writers.Wait()
			held := m.Len()
			m.OnEvict(nil)
			heard.mu.Lock()
			defer heard.mu.Unlock()
			if got, want := len(heard.n)+held, 4*opts.MaxEntries; got != want {
				t.Errorf("%d evicted and %d held are not %d", len(heard.n), held, want)
			}
		})
	}
}

func TestOnEvict_AllocatesNothing(t *testing.T) {
	m := newMemory(t, nil)
	listen(m)
	e := live(1)
	_ = m.Set("k", e)
	for call, do := range map[string]func(){
		"hit":       func() { m.Get("k") },
		"overwrite": func() { _ = m.Set("k", e) },
	} {
		if n := testing.AllocsPerRun(5000, do); n != 0 {
			t.Errorf("%s: %v allocations", call, n)
		}
	}
}

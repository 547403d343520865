// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos

import (
	"strings"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/core"
)

// Memory returns a memory layer that does what m does, as far as the plan lets it: of
// [Faults] it meets Fail, which refuses an entry, and Drop, which evicts one in the
// moment in which it is asked for. It never waits, and has the abilities of m; as a
// [core.EvictionTeller] it tells of the evictions of the plan, too.
func Memory(m core.MemoryLayer, plan *Plan) core.MemoryLayer {
	w := &memory{MemoryLayer: m, plan: plan}
	bytes, isBytes := core.As[core.ByteMemory](m)
	teller, tells := core.As[core.EvictionTeller](m)
	b, t := &memoryBytes{w, bytes}, &memoryTeller{w, teller}
	switch {
	case isBytes && tells:
		return &struct {
			*memory
			core.ByteMemory
			core.EvictionTeller
		}{w, b, t}
	case isBytes:
		return &struct {
			*memory
			core.ByteMemory
		}{w, b}
	case tells:
		return &struct {
			*memory
			core.EvictionTeller
		}{w, t}
	}
	return w
}

type memory struct {
	core.MemoryLayer
	plan *Plan
	tell atomic.Pointer[func(key string, e *core.Entry)]
}

// Unwrap lets the abilities be found that the faults do not concern.
func (w *memory) Unwrap() core.MemoryLayer { return w.MemoryLayer }

func (w *memory) Get(key string) (*core.Entry, bool) {
	if w.evicts(key) {
		return nil, false
	}
	return w.MemoryLayer.Get(key)
}

func (w *memory) Set(key string, e *core.Entry) error {
	if w.plan.roll(memoryWrite).fails() {
		w.MemoryLayer.Delete(key)
		return failed("set", key, ErrInjected)
	}
	return w.MemoryLayer.Set(key, e)
}

// evicts reports whether the entry of key, which is asked for, has just been dropped.
func (w *memory) evicts(key string) bool {
	d := w.plan.roll(memoryRead)
	if d.pick(option{drop, d.Drop}) == none {
		return false
	}
	e, ok := w.MemoryLayer.Get(key)
	if !ok {
		return false
	}
	d.count()
	w.MemoryLayer.Delete(key)
	if tell := w.tell.Load(); tell != nil && *tell != nil {
		(*tell)(strings.Clone(key), e)
	}
	return true
}

// memoryBytes is the ability of a layer of bytes.
type memoryBytes struct {
	*memory
	bytes core.ByteMemory
}

func (w *memoryBytes) AppendEntry(dst []byte, key string) ([]byte, bool) {
	if w.evicts(key) {
		return dst, false
	}
	return w.bytes.AppendEntry(dst, key)
}

// memoryTeller is the ability to tell of evictions.
type memoryTeller struct {
	*memory
	teller core.EvictionTeller
}

func (w *memoryTeller) OnEvict(tell func(key string, e *core.Entry)) {
	w.tell.Store(&tell)
	w.teller.OnEvict(tell)
}

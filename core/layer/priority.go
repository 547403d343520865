// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer

import (
	"errors"
	"hash/maphash"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// Priorities are the memory layers for the entries of each [core.Priority]: different
// layers, each with room of its own. Normal is required; the entries of one that is nil
// go to Normal.
type Priorities struct{ Low, Normal, High core.MemoryLayer }

// ByPriority returns a memory layer that keeps each entry in the layer of its priority,
// and nowhere else. So entries compete for room only with those of their own priority: a
// flood of normal ones drops none of the high ones, and the other way round.
//
// All layers must be of bytes ([core.ByteMemory]), or none, and all a [core.Clearer] and
// a [core.Lener], as those shipped are; otherwise it is an error. The result is so, too,
// and a [core.EvictionTeller] if all of them are.
func ByPriority(p Priorities) (core.MemoryLayer, error) {
	if p.Normal == nil {
		return nil, errors.New("layers by priority: there is none for normal priority")
	}
	b := &byPriority{layers: []core.MemoryLayer{p.Normal}, seed: maphash.MakeSeed()}
	b.take(core.HighPriority, p.High)
	b.take(core.LowPriority, p.Low)
	b.clear, b.lens, b.bytes = each[core.Clearer](b.layers), each[core.Lener](b.layers), each[core.ByteMemory](b.layers)
	b.tellers = each[core.EvictionTeller](b.layers)
	switch n := len(b.layers); {
	case len(b.clear) < n || len(b.lens) < n:
		return nil, errors.New("layers by priority: one cannot be cleared, or counted")
	case len(b.bytes) > 0 && len(b.bytes) < n:
		return nil, errors.New("layers by priority: some are of bytes and some are not")
	}
	return b.able(), nil
}

// byPriority asks its layers in the order in which they are.
//
// Invariant: a key changes under its lock, and outside of that one layer at most holds
// it.
type byPriority struct {
	layers  []core.MemoryLayer
	bytes   []core.ByteMemory
	clear   []core.Clearer
	lens    []core.Lener
	tellers []core.EvictionTeller
	own     [core.HighPriority + 1]int // the number of the layer of each priority
	seed    maphash.Seed
	locks   [64]sync.Mutex
}

// take makes m, if there is one, the layer of a priority.
func (b *byPriority) take(p core.Priority, m core.MemoryLayer) {
	if m != nil {
		b.own[p] = len(b.layers)
		b.layers = append(b.layers, m)
	}
}

// each returns those of layers that have the ability A.
func each[A any](layers []core.MemoryLayer) (out []A) {
	for _, m := range layers {
		if a, ok := core.As[A](m); ok {
			out = append(out, a)
		}
	}
	return out
}

// able returns b with those abilities only that its layers have.
func (b *byPriority) able() core.MemoryLayer {
	bytes, tells := len(b.bytes) > 0, len(b.tellers) == len(b.layers)
	switch {
	case bytes && tells:
		return struct {
			*byPriority
			bytesByPriority
			evictionsByPriority
		}{b, bytesByPriority{b}, evictionsByPriority{b}}
	case bytes:
		return struct {
			*byPriority
			bytesByPriority
		}{b, bytesByPriority{b}}
	case tells:
		return struct {
			*byPriority
			evictionsByPriority
		}{b, evictionsByPriority{b}}
	}
	return b
}

func (b *byPriority) lock(key string) *sync.Mutex {
	m := &b.locks[maphash.String(b.seed, key)%uint64(len(b.locks))]
	m.Lock()
	return m
}

// Get looks twice before it says that nothing is held: the entry may have moved from a
// layer that was not asked yet to one that was.
func (b *byPriority) Get(key string) (*core.Entry, bool) {
	if e, ok := b.look(key); ok {
		return e, true
	}
	defer b.lock(key).Unlock()
	return b.look(key)
}

func (b *byPriority) look(key string) (*core.Entry, bool) {
	for _, m := range b.layers {
		if e, ok := m.Get(key); ok {
			return e, true
		}
	}
	return nil, false
}

func (b *byPriority) Set(key string, e *core.Entry) error {
	priority := core.NormalPriority
	if x := e.Extra(); x != nil {
		priority = x.Priority
	}
	defer b.lock(key).Unlock()
	own := b.own[priority]
	err := b.layers[own].Set(key, e)
	b.delete(key, own)
	return err
}

func (b *byPriority) Delete(key string) {
	defer b.lock(key).Unlock()
	b.delete(key, -1)
}

// delete deletes key from all layers but one. The lock is held.
func (b *byPriority) delete(key string, but int) {
	for i, m := range b.layers {
		if i != but {
			m.Delete(key)
		}
	}
}

func (b *byPriority) Clear() {
	for _, m := range b.clear {
		m.Clear()
	}
}

func (b *byPriority) Len() (n int) {
	for _, m := range b.lens {
		n += m.Len()
	}
	return n
}

type bytesByPriority struct{ of *byPriority }

func (b bytesByPriority) AppendEntry(dst []byte, key string) ([]byte, bool) {
	if data, ok := b.look(dst, key); ok {
		return data, true
	}
	defer b.of.lock(key).Unlock()
	return b.look(dst, key)
}

func (b bytesByPriority) look(dst []byte, key string) ([]byte, bool) {
	for _, m := range b.of.bytes {
		if data, ok := m.AppendEntry(dst, key); ok {
			return data, true
		}
	}
	return dst, false
}

type evictionsByPriority struct{ of *byPriority }

func (v evictionsByPriority) OnEvict(tell func(key string, e *core.Entry)) {
	for _, m := range v.of.tellers {
		m.OnEvict(tell)
	}
}

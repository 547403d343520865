// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/memorytest"
)

const (
	capacity   = 700
	maxPayload = 10_000
)

// reference is a correct layer: a map under one lock that drops the oldest.
type reference struct {
	mu      sync.Mutex
	entries map[string]*core.Entry
	order   []string // of insertion, each key of entries once
	bytes   bool
	evicted func(key string, e *core.Entry)
}

func (r *reference) Get(key string) (*core.Entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.entries[key]
	if ok && r.bytes {
		e = e.WithPayload(bytes.Clone(e.Payload()))
	}
	return e, ok
}

func (r *reference) Set(key string, e *core.Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.fits(e); err != nil {
		r.remove(key)
		return fmt.Errorf("set %q: %w", key, err)
	}
	if _, ok := r.entries[key]; !ok {
		if len(r.order) == capacity {
			r.evict(r.order[0])
		}
		r.order = append(r.order, key)
	}
	r.entries[key] = e
	return nil
}

func (r *reference) evict(key string) {
	if r.evicted != nil {
		r.evicted(key, r.entries[key])
	}
	r.remove(key)
}

func (r *reference) OnEvict(tell func(key string, e *core.Entry)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.evicted = tell
}

var errLive = errors.New("entry is not encoded")

func (r *reference) fits(e *core.Entry) error {
	switch {
	case r.bytes && e.Pointer() != nil:
		return errLive
	case len(e.Payload()) > maxPayload:
		return core.ErrTooLarge
	}
	return nil
}

func (r *reference) Delete(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(key)
}

func (r *reference) remove(key string) {
	if _, ok := r.entries[key]; !ok {
		return
	}
	delete(r.entries, key)
	for i, k := range r.order {
		if k == key {
			r.order = append(r.order[:i], r.order[i+1:]...)
			return
		}
	}
}

func (r *reference) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries, r.order = make(map[string]*core.Entry), nil
}

func (r *reference) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.entries)
}

func (r *reference) AppendEntry(dst []byte, key string) ([]byte, bool) {
	e, ok := r.Get(key)
	if !ok {
		return dst, false
	}
	return e.AppendBinary(dst), true
}

// fake is a reference whose every method can be replaced by a broken one.
type fake struct {
	ref      *reference
	get      func(key string) (*core.Entry, bool)
	set      func(key string, e *core.Entry) error
	del      func(key string)
	clear    func()
	length   func() int
	appendTo func(dst []byte, key string) ([]byte, bool)
	onEvict  func(tell func(key string, e *core.Entry))
}

func working(isBytes bool) *fake {
	r := &reference{entries: make(map[string]*core.Entry), bytes: isBytes}
	return &fake{r, r.Get, r.Set, r.Delete, r.Clear, r.Len, r.AppendEntry, r.OnEvict}
}

// objects is a fake without the ability of a layer of bytes.
type objects struct{ f *fake }

func (o objects) Get(key string) (*core.Entry, bool)  { return o.f.get(key) }
func (o objects) Set(key string, e *core.Entry) error { return o.f.set(key, e) }
func (o objects) Delete(key string)                   { o.f.del(key) }
func (o objects) Clear()                              { o.f.clear() }
func (o objects) Len() int                            { return o.f.length() }

func (o objects) OnEvict(tell func(key string, e *core.Entry)) { o.f.onEvict(tell) }

// encoded is a fake of a layer of bytes.
type encoded struct{ objects }

func (e encoded) AppendEntry(dst []byte, key string) ([]byte, bool) { return e.f.appendTo(dst, key) }

// rig is a correct layer to which every law applies that can, and the places
// where a mutant can break it.
type rig struct {
	breaks   func(f *fake)
	wrap     func(l core.MemoryLayer) core.MemoryLayer
	features memorytest.Features
}

func newRig(isBytes bool) *rig {
	return &rig{
		breaks:   func(*fake) {},
		wrap:     func(l core.MemoryLayer) core.MemoryLayer { return l },
		features: memorytest.Features{Bytes: isBytes, Clear: true, Len: true, Evictions: true},
	}
}

func (r *rig) harness() memorytest.Harness {
	isBytes := r.features.Bytes
	return memorytest.Harness{
		New: func(testing.TB) core.MemoryLayer {
			f := working(isBytes)
			r.breaks(f)
			if isBytes {
				return r.wrap(encoded{objects{f}})
			}
			return r.wrap(objects{f})
		},
		Capacity: capacity,
		Oversize: func() *core.Entry {
			return core.Encoded(bytes.Repeat([]byte("x"), maxPayload+1), core.Meta{Stale: 1, Dead: 1})
		},
		Bubble:   true,
		Features: r.features,
	}
}

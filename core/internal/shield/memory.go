// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package shield

import (
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

// Memory is [Distributed] for a memory layer: m is what plugins have made of bare. A
// read that panics is a miss, and what it was to find is dropped; a write that panics is
// refused.
//
// What a write or a removal that panicked was to replace may still be there, and nobody
// else knows that it is obsolete. So the shield remembers such keys: nothing is held for
// them until they are written or removed without a panic. After [maxLost] keys m is not
// used any more.
//
// If bare keeps bytes, so does the result: a wrapper without that ability is asked by
// Get.
func Memory(m, bare core.MemoryLayer, plugins []string, events *core.Events) core.MemoryLayer {
	if len(plugins) == 0 {
		return bare
	}
	s := &memory{layer: m, bare: bare, guard: newGuard(plugins, events)}
	s.bytes, _ = core.As[core.ByteMemory](m)
	if _, was := core.As[core.ByteMemory](bare); was || s.bytes != nil {
		s.more = byteMemory{able{s, s.more}}
	}
	if c, ok := core.As[core.Clearer](m); ok {
		s.more = clearer{able{s, s.more}, c}
	}
	if l, ok := core.As[core.Lener](m); ok {
		s.more = lener{able{s, s.more}, l}
	}
	if t, ok := core.As[core.EvictionTeller](m); ok {
		s.more = teller{able{s, s.more}, t}
	}
	return s
}

type memory struct {
	guard
	layer core.MemoryLayer
	bare  core.MemoryLayer
	bytes core.ByteMemory // of layer; may be nil
	more  core.MemoryLayer
	lost  lost
}

// Unwrap lets the abilities be found, one behind the other, so that a hit passes none.
func (s *memory) Unwrap() core.MemoryLayer { return s.more }

func (s *memory) Get(key string) (*core.Entry, bool) {
	if s.lost.has(key) {
		return nil, false
	}
	e, ok, err := s.get(key)
	if err != nil {
		s.drop(key)
	}
	return e, ok
}

func (s *memory) get(key string) (e *core.Entry, ok bool, err error) {
	defer s.catch(&err)
	e, ok = s.layer.Get(key)
	return e, ok, nil
}

// drop deletes what cannot be read: who wants to change it, or to end its life, takes it
// for absent. The lock of key may be another's, so that key is not found by that.
func (s *memory) drop(key string) {
	if s.delete(s.layer, key) != nil {
		s.lost.lose(key)
		_ = s.delete(s.bare, key)
	}
}

var errLost = errors.New("memory is not used any more: too many keys could not be removed")

func (s *memory) Set(key string, e *core.Entry) error {
	if s.lost.all() {
		return errLost
	}
	err := s.set(key, e)
	if _, panicked := errors.AsType[*core.PanicError](err); panicked {
		s.Delete(key)
		return err
	}
	s.lost.found(key)
	return err
}

func (s *memory) set(key string, e *core.Entry) (err error) {
	defer s.catch(&err)
	return s.layer.Set(key, e)
}

// Delete deletes from the layer itself what its wrappers cannot.
func (s *memory) Delete(key string) {
	if s.delete(s.layer, key) == nil {
		s.lost.found(key)
		return
	}
	s.lost.lose(key)
	_ = s.delete(s.bare, key)
}

func (s *memory) delete(from core.MemoryLayer, key string) (err error) {
	defer s.catch(&err)
	from.Delete(key)
	return nil
}

// able is an ability, and what leads to the next.
type able struct {
	*memory
	next core.MemoryLayer
}

func (a able) Unwrap() core.MemoryLayer { return a.next }

type byteMemory struct{ able }

// AppendEntry returns nothing at all if it panics.
func (b byteMemory) AppendEntry(dst []byte, key string) ([]byte, bool) {
	if b.lost.has(key) {
		return dst, false
	}
	data, ok, err := b.append(dst, key)
	if err != nil {
		b.drop(key)
	}
	return data, ok
}

func (b byteMemory) append(dst []byte, key string) (data []byte, ok bool, err error) {
	defer b.catch(&err)
	if b.bytes != nil {
		data, ok = b.bytes.AppendEntry(dst, key)
		return data, ok, nil
	}
	e, ok := b.layer.Get(key)
	if !ok || e.Payload() == nil {
		return dst, false, nil
	}
	return e.AppendBinary(dst), true, nil
}

type clearer struct {
	able
	of core.Clearer
}

func (c clearer) Clear() {
	var err error
	defer c.catch(&err)
	c.of.Clear()
}

type lener struct {
	able
	of core.Lener
}

func (l lener) Len() (n int) {
	var err error
	defer l.catch(&err)
	return l.of.Len()
}

type teller struct {
	able
	of core.EvictionTeller
}

func (t teller) OnEvict(tell func(key string, e *core.Entry)) {
	var err error
	defer t.catch(&err)
	t.of.OnEvict(tell)
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"
)

type kind uint8

const (
	kindPlain   kind = iota // decoded in place; containers are refused or skipped
	kindAny                 // an empty interface, or a type with methods of its own
	kindPointer             // allocates elem
	kindList                // slice or array
	kindMap
	kindRecord // struct
	kindName   // the name of a field of a record
)

// shape is what the scanner has to know about a Go type: what the vendor's
// decoder will allocate for it, and which integers it holds.
type shape struct {
	kind  kind
	elem  *shape // of what is inside; in a record, of unknown fields
	key   *shape // of the keys of a map
	unit  uint64 // bytes per element of a list, or of a pointer's target
	slot  uint64 // bytes per slot of a map
	extra uint64 // bytes per entry of a map besides its slot
	min   int64  // smallest integer
	max   uint64 // largest integer

	// Of a record: its fields in order, and by name.
	order []field
	names map[string]named
}

type field struct {
	name  string
	shape *shape
}

type named struct {
	shape *shape
	next  int // index in order of the following field; 0 for a whole inlined struct
}

func (s *shape) holds(n int64) error {
	if n >= 0 {
		return s.holdsUnsigned(uint64(n))
	}
	if n < s.min {
		return s.overflow()
	}
	return nil
}

func (s *shape) holdsUnsigned(n uint64) error {
	if n > s.max {
		return s.overflow()
	}
	return nil
}

func (s *shape) overflow() error {
	return fmt.Errorf("%w: the type holds %d to %d", ErrOverflow, s.min, s.max)
}

// shaper makes the shapes of one type and all that it contains.
type shaper struct {
	tag   string // of struct fields, besides the vendor's own
	known map[reflect.Type]*shape
	plain *shape
	any   *shape
}

// newShape returns the shape of t. The error names what the package does not
// support.
func newShape(t reflect.Type, tag string) (*shape, error) {
	b := &shaper{tag: tag, known: map[reflect.Type]*shape{}}
	b.plain = &shape{kind: kindPlain, min: math.MinInt64, max: math.MaxUint64}
	b.plain.elem, b.plain.key = b.plain, b.plain
	b.any = &shape{kind: kindAny, min: math.MinInt64, max: math.MaxUint64, slot: 16 + 16 + 1}
	b.any.elem, b.any.key = b.any, b.plain
	return b.shape(t)
}

func (b *shaper) shape(t reflect.Type) (*shape, error) {
	if s, ok := b.known[t]; ok {
		return s, nil
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return b.plain, nil
	case t.Kind() == reflect.Interface && t.NumMethod() > 0 && t != reflect.TypeFor[error]():
		return nil, fmt.Errorf("type %v is an interface with methods, whose values cannot be made", t)
	case t.Kind() == reflect.Interface || hasDecoder(t):
		return b.any, nil
	case hasEncoder(t):
		return nil, fmt.Errorf("type %v has a method to encode itself and none to decode itself", t)
	}
	s := &shape{elem: b.plain, key: b.plain, min: math.MinInt64, max: math.MaxUint64}
	b.known[t] = s
	return s, b.fill(s, t)
}

func (b *shaper) fill(s *shape, t reflect.Type) (err error) {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.min = math.MinInt64 >> (64 - t.Bits())
		s.max = math.MaxInt64 >> (64 - t.Bits())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		s.min, s.max = 0, math.MaxUint64>>(64-t.Bits())
	case reflect.Float32, reflect.Float64:
		s.max = math.MaxInt64 // the vendor reads integers as int64
	case reflect.Pointer:
		return b.fillPointer(s, t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return nil // bytes
		}
		s.kind = kindList
		// The vendor makes the elements twice: once to append them from.
		s.unit = roomy(2 * footprint(t.Elem(), nil))
		s.elem, err = b.shape(t.Elem())
	case reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return nil // bytes
		}
		s.kind = kindList
		s.elem, err = b.shape(t.Elem())
	case reflect.Map:
		return b.fillMap(s, t)
	case reflect.Struct:
		s.kind = kindRecord
		return b.fillRecord(s, t, nil)
	}
	return err
}

func (b *shaper) fillPointer(s *shape, t reflect.Type) (err error) {
	s.kind, s.elem = kindPointer, nil
	if inner := b.known[t.Elem()]; inner != nil && inner.kind == kindPointer && inner.elem == nil {
		return fmt.Errorf("type %v points to itself", t)
	}
	s.unit = roomy(footprint(t.Elem(), nil))
	s.elem, err = b.shape(t.Elem())
	return err
}

// maxInSlot is the largest key or element, in bytes, that Go keeps in the table
// of a map itself.
const maxInSlot = 128

func (b *shaper) fillMap(s *shape, t reflect.Type) (err error) {
	s.kind = kindMap
	s.slot = 1
	for _, part := range []reflect.Type{t.Key(), t.Elem()} {
		size := footprint(part, nil)
		s.extra += roomy(size) // the vendor decodes into a new variable and copies
		if size <= maxInSlot {
			s.slot += size
		} else {
			s.slot += 8
			s.extra += roomy(size)
		}
	}
	if s.key, err = b.shape(t.Key()); err != nil {
		return err
	}
	s.elem, err = b.shape(t.Elem())
	return err
}

// roomy returns what the allocator may take for size bytes.
func roomy(size uint64) uint64 { return size + size/8 + 16 }

// footprint returns the size of t with the structs that it embeds by pointer,
// which its decoder allocates too. outer are the types that embed t.
func footprint(t reflect.Type, outer []reflect.Type) uint64 {
	size := uint64(t.Size())
	if t.Kind() != reflect.Struct || slices.Contains(outer, t) {
		return size
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && f.Type.Kind() == reflect.Pointer {
			size += roomy(footprint(f.Type.Elem(), append(outer, t)))
		}
	}
	return size
}

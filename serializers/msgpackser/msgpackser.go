// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

const (
	defaultMaxDepth         = 64
	defaultMaxSize          = 8 << 20
	defaultMaxAmplification = 128

	// The vendor's functions call themselves for each level; at the highest
	// depth that is well below 1 MiB of stack.
	highestMaxDepth = 1000
	// Offsets and lengths stay far from the ends of their types.
	highestMaxSize          = 1 << 30
	highestMaxAmplification = 1 << 20
)

// Options are the limits and the form of a [Serializer]. A zero field means its
// default.
type Options struct {
	// MaxDepth is how deep arrays and maps may be nested. 0 means 64; at most
	// 1000.
	MaxDepth int

	// MaxSize is the largest encoded value in bytes. 0 means 8 MiB; at most
	// 1 GiB.
	MaxSize int

	// MaxAmplification is how many bytes of memory one encoded byte may turn
	// into. Decoding len bytes allocates at most MaxAmplification x len + 1 MiB
	// for slices, maps and pointers. Strings and numbers come on top, with at
	// most 16 x len. 0 means 128, which only long lists of large structs, almost
	// all of whose fields are omitted, exceed. At most 1 Mi.
	MaxAmplification int

	// SortMapKeys encodes maps of type map[string]string, map[string]bool and
	// map[string]any in the order of their keys. The order is random otherwise.
	SortMapKeys bool

	// UseJSONTag takes the name of a struct field, and omitempty, from its json
	// tag if it has no msgpack tag.
	UseJSONTag bool

	// CompactInts encodes sized integers in as few bytes as their value needs.
	// Otherwise int8 to int64 and uint8 to uint64 take their full width, and
	// keep their width in an empty interface. int and uint are always compact.
	CompactInts bool
}

// Serializer is a [core.Serializer] and [core.AppendMarshaler] for MessagePack.
// It is safe for concurrent use.
type Serializer struct {
	opts    Options
	plans   sync.Map  // reflect.Type -> *plan
	workers sync.Pool // *worker
}

var (
	_ core.Serializer      = (*Serializer)(nil)
	_ core.AppendMarshaler = (*Serializer)(nil)
)

// New returns a serializer. opts may be nil. The error names every option that
// is out of range.
func New(opts *Options) (*Serializer, error) {
	s := &Serializer{}
	if opts != nil {
		s.opts = *opts
	}
	if err := s.opts.complete(); err != nil {
		return nil, fmt.Errorf("msgpackser: %w", err)
	}
	return s, nil
}

func (o *Options) complete() error {
	return errors.Join(
		limit("MaxDepth", &o.MaxDepth, defaultMaxDepth, highestMaxDepth),
		limit("MaxSize", &o.MaxSize, defaultMaxSize, highestMaxSize),
		limit("MaxAmplification", &o.MaxAmplification, defaultMaxAmplification, highestMaxAmplification),
	)
}

func limit(name string, n *int, preset, highest int) error {
	if *n == 0 {
		*n = preset
	}
	if *n < 0 || *n > highest {
		return fmt.Errorf("option %s is %d; it must be between 0 and %d", name, *n, highest)
	}
	return nil
}

// Marshal encodes v, a pointer to the value. The result belongs to the caller.
// Errors never contain parts of the value.
func (s *Serializer) Marshal(v any) ([]byte, error) {
	w := s.worker()
	data, err := s.encode(w, w.scratch[:0], v)
	if err != nil {
		return nil, err
	}
	if cap(data) > maxRetained {
		data = slices.Clip(data)
		w.scratch = nil
		s.release(w, len(data))
		return data, nil
	}
	w.scratch = data
	data = slices.Clone(data)
	s.release(w, len(data))
	return data, nil
}

// AppendMarshal appends the encoding of v, a pointer to the value, to dst. It
// allocates nothing but what dst lacks. On an error it returns dst, whose bytes
// behind its length may have changed.
func (s *Serializer) AppendMarshal(dst []byte, v any) ([]byte, error) {
	w := s.worker()
	data, err := s.encode(w, dst, v)
	if err != nil {
		return dst, err
	}
	s.release(w, len(data)-len(dst))
	return data, nil
}

// Unmarshal decodes data into v, a non-nil pointer to a zero value, which on an
// error may be partly filled. The decoded value shares no memory with data.
// Errors never contain parts of the value; they wrap [ErrMalformed] or
// [ErrLimit] when the check of the bytes has failed.
func (s *Serializer) Unmarshal(data []byte, v any) error {
	if len(data) <= s.opts.MaxSize && plain(data, v) {
		return nil
	}
	w := s.worker()
	if err := s.decode(w, data, v); err != nil {
		return err
	}
	s.release(w, len(data))
	return nil
}

// plan is what is known about one type.
type plan struct {
	root *shape
	err  error
}

// shapeOf returns the shape of what a t, a pointer, points to.
func (s *Serializer) shapeOf(t reflect.Type) (*shape, error) {
	if t == nil || t.Kind() != reflect.Pointer {
		return nil, errors.New("need a pointer to a value")
	}
	if known, ok := s.plans.Load(t); ok {
		p := known.(*plan)
		return p.root, p.err
	}
	root, err := newShape(t.Elem(), s.structTag())
	s.plans.Store(t, &plan{root, err})
	return root, err
}

// structTag returns the name of the tag used besides the vendor's own.
func (s *Serializer) structTag() string {
	if s.opts.UseJSONTag {
		return "json"
	}
	return ""
}

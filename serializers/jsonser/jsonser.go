// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package jsonser

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

const (
	defaultMaxDepth = 64
	defaultMaxSize  = 8 << 20

	highestMaxDepth = 1000 // encoding/json has a limit of 10000
	highestMaxSize  = 1 << 30
)

var (
	// ErrMalformed is wrapped by the errors for bytes that are not exactly one
	// JSON value.
	ErrMalformed = errors.New("malformed json")

	// ErrLimit is wrapped by the errors for values that exceed a limit.
	ErrLimit = errors.New("limit exceeded")
)

// Options are the limits of a [Serializer]. A zero field means its default.
type Options struct {
	// MaxDepth is how deep arrays and objects may be nested. 0 means 64; at most
	// 1000.
	MaxDepth int

	// MaxSize is the largest encoded value in bytes. 0 means 8 MiB; at most
	// 1 GiB.
	MaxSize int
}

// Serializer is a [core.Serializer] and [core.AppendMarshaler] for JSON. It is
// safe for concurrent use.
type Serializer struct {
	opts     Options
	weights  sync.Map  // reflect.Type -> uint64
	encoders sync.Pool // *encoder
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
	err := errors.Join(
		limit("MaxDepth", &s.opts.MaxDepth, defaultMaxDepth, highestMaxDepth),
		limit("MaxSize", &s.opts.MaxSize, defaultMaxSize, highestMaxSize),
	)
	if err != nil {
		return nil, fmt.Errorf("jsonser: %w", err)
	}
	return s, nil
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
	data, err := s.AppendMarshal(nil, v)
	if err != nil {
		return nil, err
	}
	return data, nil
}

// AppendMarshal appends the encoding of v, a pointer to the value, to dst. On an
// error it returns dst, whose bytes behind its length may have changed.
func (s *Serializer) AppendMarshal(dst []byte, v any) ([]byte, error) {
	e := s.encoder()
	data, err := e.encode(dst, v)
	if err == nil {
		s.encoders.Put(e)
		err = s.check(data[len(dst):], v)
	}
	if err != nil {
		return dst, fmt.Errorf("jsonser: marshal %T: %w", v, err)
	}
	return data, nil
}

// Unmarshal decodes data into v, a non-nil pointer to a zero value, which on an
// error may be partly filled. The decoded value shares no memory with data.
// Errors never contain parts of the value.
func (s *Serializer) Unmarshal(data []byte, v any) error {
	err := s.check(data, v)
	if err == nil {
		err = decode(data, v)
	}
	if err != nil {
		return fmt.Errorf("jsonser: unmarshal %T: %w", v, err)
	}
	return nil
}

func decode(data []byte, v any) (err error) {
	defer recoverTo(&err)
	return withoutValues(json.Unmarshal(data, v))
}

// check holds data, meant for v, against the limits.
func (s *Serializer) check(data []byte, v any) error {
	if len(data) > s.opts.MaxSize {
		return fmt.Errorf("%w: %d bytes, more than %d", ErrLimit, len(data), s.opts.MaxSize)
	}
	values, ok := measure(data, s.opts.MaxDepth)
	if !ok {
		return fmt.Errorf("%w: nested deeper than %d", ErrLimit, s.opts.MaxDepth)
	}
	weight := s.weight(reflect.TypeOf(v))
	if weight != 0 && values > budget(len(data))/weight {
		return fmt.Errorf("%w: %d values in %d bytes could take too much memory", ErrLimit, values, len(data))
	}
	return nil
}

func (s *Serializer) weight(t reflect.Type) uint64 {
	if known, ok := s.weights.Load(t); ok {
		return known.(uint64)
	}
	weight := weigh(t)
	s.weights.Store(t, weight)
	return weight
}

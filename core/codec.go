// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"context"
	"errors"
)

// Codec turns the entries of one value type into bytes and back. It is safe for
// concurrent use.
type Codec interface {
	// Encode appends the encoded value of e, a live entry, to dst; nothing for a
	// negative one.
	Encode(dst []byte, e *Entry) ([]byte, error)

	// Decode returns a live entry with the value that is encoded in payload and
	// the given metadata. It does not keep payload.
	Decode(payload []byte, m Meta) (*Entry, error)

	// Holds reports whether e has a live value of the codec's type.
	Holds(e *Entry) bool
}

// NewCodec returns the codec for values of type V encoded by s.
func NewCodec[V any](s Serializer) Codec {
	c := &codec[V]{serializer: s}
	c.appender, _ = s.(AppendMarshaler)
	return c
}

type codec[V any] struct {
	serializer Serializer
	appender   AppendMarshaler // nil if the serializer cannot append
}

var errNoSerializer = errors.New("no serializer")

func (c *codec[V]) Encode(dst []byte, e *Entry) ([]byte, error) {
	if e.Missing() != nil {
		return dst, nil
	}
	b, ok := e.value.(*box[V])
	if !ok {
		return dst, errors.New("entry holds no value of the view's type")
	}
	if c.appender != nil {
		return c.appender.AppendMarshal(dst, &b.v)
	}
	if c.serializer == nil {
		return dst, errNoSerializer
	}
	data, err := c.serializer.Marshal(&b.v)
	return append(dst, data...), err
}

func (c *codec[V]) Decode(payload []byte, m Meta) (*Entry, error) {
	if m.Extra != nil && m.Extra.Missing != nil {
		return Live(*new(V), m), nil
	}
	if c.serializer == nil {
		return nil, errNoSerializer
	}
	b := newBox[V](&m)
	if err := c.serializer.Unmarshal(payload, &b.v); err != nil {
		return nil, err
	}
	return &b.Entry, nil
}

func (c *codec[V]) Holds(e *Entry) bool {
	_, ok := e.value.(*box[V])
	return ok
}

// FactoryFunc makes a [Factory] of a function that returns the value, for chains
// composed by hand. The function gets the key as it is in the request.
func FactoryFunc[V any](clock Clock, f func(ctx context.Context, key string) (V, error)) Factory {
	return factoryFunc[V]{clock, f}
}

type factoryFunc[V any] struct {
	clock Clock
	f     func(context.Context, string) (V, error)
}

func (f factoryFunc[V]) Load(ctx context.Context, r Request) (*Entry, error) {
	born := f.clock.Now()
	v, err := f.f(ctx, r.Key)
	if err != nil {
		return nil, err
	}
	m := r.Options.Meta(born, f.clock.Now())
	m.Stamp = r.Stamp
	return Live(v, m), nil
}

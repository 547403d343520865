// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/fusioncache-go/fusioncache/core"
)

// probe is one run of one law: a fresh serializer and the means to ask it.
type probe struct {
	serializer core.Serializer
	appender   core.AppendMarshaler // nil if it is none
	h          Harness
}

// roundTrips encodes and decodes each sample.
func (p *probe) roundTrips(list []sample) error {
	for _, s := range list {
		data, err := p.serializer.Marshal(s.value())
		if err != nil {
			return fmt.Errorf("%s: marshal: %w", s.name, err)
		}
		if err := p.expect(s, data); err != nil {
			return err
		}
	}
	return nil
}

// expect decodes data and compares it with the sample.
func (p *probe) expect(s sample, data []byte) error {
	got := s.target()
	if err := p.serializer.Unmarshal(data, got); err != nil {
		return fmt.Errorf("%s: unmarshal: %w", s.name, err)
	}
	if !s.equal(got) {
		return fmt.Errorf("%s: it came back as another value", s.name)
	}
	return nil
}

// samples returns the samples that the serializer must be able to encode.
func (p *probe) samples() []sample {
	list := byteSamples()
	if !p.h.Features.BytesOnly {
		list = append(list, valueSamples()...)
	}
	return list
}

// coded is a sample with its encoding, and with what that decodes to when nothing
// disturbs. Laws about memory and concurrency compare with the latter, so that a
// serializer whose only fault is to return a wrong value keeps them.
type coded struct {
	sample
	data    []byte
	control any
}

func (p *probe) encoded() ([]coded, error) {
	var list []coded
	for _, s := range p.samples() {
		c, err := p.encode(s)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func (p *probe) encode(s sample) (coded, error) {
	data, err := p.serializer.Marshal(s.value())
	if err != nil {
		return coded{}, fmt.Errorf("%s: marshal: %w", s.name, err)
	}
	control := s.target()
	if err := p.serializer.Unmarshal(bytes.Clone(data), control); err != nil {
		return coded{}, fmt.Errorf("%s: unmarshal: %w", s.name, err)
	}
	return coded{s, data, control}, nil
}

// matches decodes data, which encodes the same value as c.
func (p *probe) matches(c coded, data []byte) error {
	got := c.target()
	if err := p.serializer.Unmarshal(data, got); err != nil {
		return fmt.Errorf("%s: unmarshal: %w", c.name, err)
	}
	if !same(got, c.control) {
		return fmt.Errorf("%s: it was decoded to another value than before", c.name)
	}
	return nil
}

// again encodes and decodes the value of c once more.
func (p *probe) again(c coded) error {
	data, err := p.serializer.Marshal(c.value())
	if err != nil {
		return fmt.Errorf("%s: marshal: %w", c.name, err)
	}
	return p.matches(c, data)
}

// targets returns new zero values to decode anything into.
func (p *probe) targets() []any {
	list := []any{new([]byte), new(string)}
	if p.h.Features.BytesOnly {
		return list
	}
	return append(list,
		new(any), new([]any), new(map[string]any), new(map[string]string), new([]string), new(int64), new(float64), new(full),
		new([]full), new(map[string]full), new([]wide), new([]*wide), new(map[string]wide), new(tree),
	)
}

// same compares what two pointers point to. Whether bytes are nil or empty does
// not matter here.
func same(a, b any) bool {
	if p, ok := a.(*[]byte); ok {
		return bytes.Equal(*p, *b.(*[]byte))
	}
	return reflect.DeepEqual(a, b)
}

func scribble(data []byte) {
	copy(data, bytes.Repeat([]byte{0xa5}, len(data)))
}

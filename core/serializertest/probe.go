// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"bytes"
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
)

// probe is one run of one law: a fresh serializer and the means to ask it.
type probe struct {
	serializer core.Serializer
	appender   core.AppendMarshaler // nil if it is none
	h          Harness
}

// roundTrip encodes the sample and decodes it, and returns the encoding.
func (p *probe) roundTrip(s sample) ([]byte, error) {
	data, err := p.serializer.Marshal(s.value())
	if err != nil {
		return nil, fmt.Errorf("%s: marshal: %w", s.name, err)
	}
	return data, p.expect(s, data)
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

// encoded returns one sample of each kind with its encoding.
func (p *probe) encoded() ([]coded, error) {
	var list []coded
	for _, s := range p.samples() {
		data, err := p.serializer.Marshal(s.value())
		if err != nil {
			return nil, fmt.Errorf("%s: marshal: %w", s.name, err)
		}
		list = append(list, coded{s, data})
	}
	return list, nil
}

type coded struct {
	sample
	data []byte
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

func scribble(data []byte) {
	copy(data, bytes.Repeat([]byte{0xa5}, len(data)))
}

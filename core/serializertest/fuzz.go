// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"testing"
)

// Fuzz decodes what the fuzzer makes up into values of many types. It fails when
// that panics or allocates out of proportion, and when a decoded value cannot be
// encoded and decoded again. Encoded samples, and damaged ones, are the seeds.
func Fuzz(f *testing.F, h Harness) {
	f.Helper()
	p := &probe{serializer: h.New(f), h: h}
	list, err := p.encoded()
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range list {
		if len(e.data) <= 4<<10 {
			f.Add(e.data)
			f.Add(e.data[:len(e.data)/2])
		}
	}
	for _, data := range append(bombs(), h.Hostile...) {
		if len(data) <= 4<<10 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for i, target := range p.targets() {
			if err := p.meter(data, target); err != nil {
				t.Fatalf("into %T: %v", target, err)
			}
			p.checkAgain(t, data, i)
		}
	})
}

// checkAgain encodes and decodes once more what data decodes to as the target
// with index i.
func (p *probe) checkAgain(t *testing.T, data []byte, i int) {
	t.Helper()
	v, again := p.targets()[i], p.targets()[i]
	if p.serializer.Unmarshal(data, v) != nil {
		return
	}
	encoded, err := p.serializer.Marshal(v)
	if err != nil {
		return // a limit, such as one in proportion to the size
	}
	if err := p.serializer.Unmarshal(encoded, again); err != nil {
		t.Fatalf("%T: decoded once but not again: %v", v, err)
	}
}

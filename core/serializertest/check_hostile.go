// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime/metrics"

	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// delimited returns samples whose end can be seen in any format. A number in
// JSON, for instance, ends only where another byte follows.
func delimited() []sample {
	return []sample{of("struct", newFull), of("struct list", func() []inner { return []inner{{ID: 7}} }), is("text", "some text")}
}

func checkTruncated(p *probe) error {
	for _, s := range delimited() {
		data, err := p.serializer.Marshal(s.value())
		if err != nil {
			return err
		}
		for end := range data {
			if err := p.serializer.Unmarshal(bytes.Clone(data[:end]), s.target()); err == nil {
				return fmt.Errorf("%s: no error for %d of %d bytes", s.name, end, len(data))
			}
		}
	}
	return nil
}

func checkTrailing(p *probe) error {
	for _, s := range delimited() {
		data, err := p.serializer.Marshal(s.value())
		if err != nil {
			return err
		}
		for _, more := range [][]byte{{0}, {0xc0}, {0xff}, []byte("x"), []byte("}"), []byte(" 1"), data} {
			if err := p.serializer.Unmarshal(append(bytes.Clone(data), more...), s.target()); err == nil {
				return fmt.Errorf("%s: no error with %d bytes behind the value", s.name, len(more))
			}
		}
	}
	return nil
}

// checkDamaged fails by the panic itself: damaged bytes may happen to be a value.
func checkDamaged(p *probe) error {
	err := p.damage(func(data []byte, target any) error {
		_ = p.serializer.Unmarshal(data, target)
		return nil
	})
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		data := make([]byte, random.IntN(40))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		for _, target := range p.targets() {
			_ = p.serializer.Unmarshal(data, target)
		}
	}
	return nil
}

// damage calls use with encodings of which one byte, near the beginning, was
// changed.
func (p *probe) damage(use func(data []byte, target any) error) error {
	list, err := p.encoded()
	if err != nil {
		return err
	}
	for _, e := range list {
		if len(e.data) > 4<<10 {
			continue
		}
		for i := range min(len(e.data), 60) {
			for _, b := range []byte{0x00, 0x7f, 0xff, e.data[i] ^ 0x01, e.data[i] ^ 0x80, e.data[i] + 1} {
				data := bytes.Clone(e.data)
				data[i] = b
				if err := use(data, e.target()); err != nil {
					return fmt.Errorf("%s with byte %d changed to %#x: %w", e.name, i, b, err)
				}
			}
		}
	}
	return nil
}

// Decoding n bytes may allocate bytesPerByte x n + bytesAlways. Empty maps in an
// empty interface, for instance, take 64 bytes for one.
const (
	bytesPerByte = 512
	bytesAlways  = 16 << 20
)

func checkBoundedMemory(p *probe) error {
	for _, data := range append(bombs(), p.h.Hostile...) {
		for _, target := range p.targets() {
			if err := p.meter(data, target); err != nil {
				return fmt.Errorf("% .20x into %T: %w", data, target, err)
			}
		}
	}
	return p.damage(p.meter)
}

func (p *probe) meter(data []byte, target any) error {
	before := allocated()
	_ = lawtest.Guard(func() error { return p.serializer.Unmarshal(data, target) }) // a panic breaks another law
	took := allocated() - before
	if bound := uint64(len(data))*bytesPerByte + bytesAlways; took > bound {
		return fmt.Errorf("%d bytes made it allocate %d, more than %d", len(data), took, bound)
	}
	return nil
}

// allocated counts large objects at once and small ones with a delay, which the
// bounds allow for.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

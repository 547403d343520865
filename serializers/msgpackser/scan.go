// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"encoding/binary"
	"fmt"
	"math"
)

// scanner walks encoded bytes once, without recursion and without decoding,
// alongside the shape of the type that they will be decoded into. What it lets
// through is one whole value: every element that a header promises is there, so
// no promise makes the decoder allocate for bytes that do not exist.
//
// The vendor's DecodeMapLen takes an extension where a map is expected, skips
// its header and reads a map header from its payload. From there on decoder and
// scanner would no longer read the same values, so every extension but the
// timestamp is refused, and a timestamp whose payload could be read as a map or
// nil is noted in stamps, for widen. This needs no knowledge of the target, so
// it also holds for what methods of the target decode.
type scanner struct {
	data   []byte
	pos    int
	depth  int    // index in frames of the innermost open container, 0 for none
	budget uint64 // bytes that decoding may still allocate
	frames []frame
	stamps []int // offsets of timestamps to widen
	part   bool  // whether data is only the beginning of a value
	name   shape // of the names of record fields
	plain  shape // of what is in the place of such a name, and costs nothing
}

func (sc *scanner) init(maxDepth int) {
	sc.frames = make([]frame, maxDepth+1)
	sc.plain = shape{kind: kindPlain, elem: &sc.plain, min: math.MinInt64, max: math.MaxUint64}
	sc.name = sc.plain
	sc.name.kind = kindName
}

// frame is one open array or map.
type frame struct {
	left  uint64 // values still to come; keys count too
	key   *shape // of the next value when left is even; nil in arrays
	value *shape // of the next value otherwise
	rec   *shape // the record whose fields these are, or nil
	field int    // index in rec.order of the field that is likely to come next
}

// run checks that data is one value for root.
func (sc *scanner) run(data []byte, root *shape, amplification int) error {
	sc.part, sc.budget = false, uint64(len(data))*uint64(amplification)+memorySlack
	return sc.walk(data, root)
}

// runPart checks the beginning of a value, of which only the depth counts.
func (sc *scanner) runPart(data []byte) error {
	sc.part, sc.budget = true, math.MaxUint64
	return sc.walk(data, &sc.plain)
}

func (sc *scanner) walk(data []byte, root *shape) error {
	sc.data, sc.pos, sc.depth = data, 0, 0
	sc.stamps = sc.stamps[:0]
	if err := sc.read(root); err != nil {
		return err
	}
	for sc.depth > 0 {
		f := &sc.frames[sc.depth]
		if f.left == 0 {
			sc.depth--
			continue
		}
		if err := sc.read(f.expect()); err != nil {
			return err
		}
	}
	if sc.pos != len(data) {
		return fmt.Errorf("%w: %d bytes behind the end", ErrMalformed, len(data)-sc.pos)
	}
	return nil
}

// expect counts one value as read and returns its shape.
func (f *frame) expect() *shape {
	f.left--
	switch {
	case f.key == nil && f.rec != nil:
		f.field++
		return f.rec.order[f.field-1].shape
	case f.key != nil && f.left&1 == 1:
		return f.key
	}
	return f.value
}

// read takes one value of shape s: all of it, or the header of a container.
func (sc *scanner) read(s *shape) error {
	if sc.pos >= len(sc.data) {
		return sc.truncated()
	}
	c := sc.data[sc.pos]
	sc.pos++
	for s.kind == kindPointer {
		if c != 0xc0 {
			if err := sc.charge(1, s.unit); err != nil {
				return err
			}
		}
		s = s.elem
	}
	switch {
	case c < 0x80:
		return nil
	case c >= 0xe0:
		return s.holds(int64(int8(c)))
	case c < 0x90:
		return sc.openMap(s, uint64(c&0x0f))
	case c < 0xa0:
		return sc.openList(s, uint64(c&0x0f))
	case c < 0xc0:
		return sc.text(s, uint64(c&0x1f))
	}
	return sc.readLong(s, c)
}

// readLong takes a value whose code c says nothing but its type.
func (sc *scanner) readLong(s *shape, c byte) error {
	switch c {
	case 0xc0, 0xc2, 0xc3: // nil, false, true
		return nil
	case 0xca: // float32
		return sc.skip(4)
	case 0xcb: // float64
		return sc.skip(8)
	}
	n, ok := sc.number(width(c))
	if !ok {
		return sc.truncated()
	}
	switch c {
	case 0xc4, 0xc5, 0xc6, 0xd9, 0xda, 0xdb:
		return sc.text(s, n)
	case 0xcc, 0xcd, 0xce, 0xcf:
		return s.holdsUnsigned(n)
	case 0xd0, 0xd1, 0xd2, 0xd3:
		drop := 64 - 8*width(c)
		return s.holds(int64(n<<drop) >> drop)
	case 0xdc, 0xdd:
		return sc.openList(s, n)
	case 0xde, 0xdf:
		return sc.openMap(s, n)
	case 0xd6, 0xd7, 0xc7:
		return sc.timestamp(c, n)
	}
	return fmt.Errorf("%w: code %#x at byte %d is not supported", ErrMalformed, c, sc.pos)
}

// width returns how many bytes of length, value or type follow code c.
func width(c byte) int {
	switch c {
	case 0xc4, 0xc7, 0xcc, 0xd0, 0xd6, 0xd7, 0xd9:
		return 1
	case 0xc5, 0xcd, 0xd1, 0xda, 0xdc, 0xde:
		return 2
	case 0xc6, 0xce, 0xd2, 0xdb, 0xdd, 0xdf:
		return 4
	case 0xcf, 0xd3:
		return 8
	}
	return 0
}

// number takes an unsigned big-endian number of n bytes.
func (sc *scanner) number(n int) (uint64, bool) {
	if len(sc.data)-sc.pos < n {
		return 0, false
	}
	at := sc.data[sc.pos:]
	sc.pos += n
	switch n {
	case 1:
		return uint64(at[0]), true
	case 2:
		return uint64(binary.BigEndian.Uint16(at)), true
	case 4:
		return uint64(binary.BigEndian.Uint32(at)), true
	case 8:
		return binary.BigEndian.Uint64(at), true
	}
	return 0, true
}

func (sc *scanner) skip(n uint64) error {
	if uint64(len(sc.data)-sc.pos) < n {
		return sc.truncated()
	}
	sc.pos += int(n)
	return nil
}

// text takes the n bytes of a string or byte slice. In a record it may be the
// name of a field, which tells the shape of the value that follows.
func (sc *scanner) text(s *shape, n uint64) error {
	start := sc.pos
	if err := sc.skip(n); err != nil {
		return err
	}
	if s.kind == kindName {
		sc.frames[sc.depth].pick(sc.data[start:sc.pos])
	}
	return nil
}

// pick sets the shape of the value of a field by its name.
func (f *frame) pick(name []byte) {
	if order := f.rec.order; f.field < len(order) && order[f.field].name == string(name) {
		f.value = order[f.field].shape
		f.field++
		return
	}
	found, ok := f.rec.names[string(name)]
	if !ok {
		f.value = f.rec.elem
		return
	}
	f.value, f.field = found.shape, found.next
}

func (sc *scanner) truncated() error {
	return fmt.Errorf("%w: a value at byte %d goes beyond the end at %d", ErrMalformed, sc.pos, len(sc.data))
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"encoding/binary"
	"fmt"
)

const (
	extTimestamp = 0xff // -1 as a byte
	maxNanos     = 999_999_999
)

// timestamp takes an extension that begins with code c and byte b.
func (sc *scanner) timestamp(c byte, b uint64) error {
	start, size := sc.pos-2, 4
	switch c {
	case 0xd7:
		size = 8
	case 0xc7:
		kind, ok := sc.number(1)
		if !ok {
			return sc.truncated()
		}
		if b != 12 {
			return fmt.Errorf("%w: extension %d of %d bytes is not supported", ErrMalformed, int8(kind), b)
		}
		b, size = kind, 12
	}
	if b != extTimestamp {
		return fmt.Errorf("%w: extension %d is not supported", ErrMalformed, int8(b))
	}
	body := sc.pos
	if err := sc.skip(uint64(size)); err != nil {
		return err
	}
	if nanos(sc.data[body:sc.pos]) > maxNanos {
		return fmt.Errorf("%w: timestamp with more nanoseconds than a second has", ErrMalformed)
	}
	if looksLikeMap(sc.data[body]) {
		sc.stamps = append(sc.stamps, start)
	}
	return nil
}

// nanos returns the nanoseconds in the body of a timestamp.
func nanos(body []byte) uint32 {
	switch len(body) {
	case 8:
		return binary.BigEndian.Uint32(body) >> 2
	case 12:
		return binary.BigEndian.Uint32(body)
	}
	return 0
}

// looksLikeMap reports whether the vendor takes c for the header of a map or for
// nil in its place. Never true for the first byte of a 12-byte timestamp, whose
// nanoseconds are below 1<<30.
func looksLikeMap(c byte) bool {
	return c>>4 == 0x8 || c == 0xc0 || c == 0xde || c == 0xdf
}

// widen returns data, appended to dst, with the timestamps that start at the
// given offsets in their 12-byte form. They stay the same instants, and no
// decoder can take their first byte, the highest of the nanoseconds, for the
// header of a map.
func widen(dst, data []byte, stamps []int) []byte {
	done := 0
	for _, at := range stamps {
		dst = append(dst, data[done:at]...)
		body := data[at+2:]
		size, secs, ns := 4, uint64(0), uint32(0)
		if data[at] == 0xd7 {
			packed := binary.BigEndian.Uint64(body)
			size, secs, ns = 8, packed&(1<<34-1), uint32(packed>>34)
		} else {
			secs = uint64(binary.BigEndian.Uint32(body))
		}
		dst = append(dst, 0xc7, 12, extTimestamp)
		dst = binary.BigEndian.AppendUint32(dst, ns)
		dst = binary.BigEndian.AppendUint64(dst, secs)
		done = at + 2 + size
	}
	return append(dst, data[done:]...)
}

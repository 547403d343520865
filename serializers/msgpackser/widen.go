// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import "encoding/binary"

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

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser_test

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// hostile is one input that must be refused, or survived, within bounds.
type hostile struct {
	name string
	data []byte
}

// hostiles returns inputs that kill or bloat the vendor's decoder when they
// reach it, and relatives of them.
func hostiles() []hostile {
	far := bytes.Repeat([]byte{0xff}, 4)
	list := []hostile{
		{"array of 4 G", append([]byte{0xdd}, far...)},
		{"map of 4 G", append([]byte{0xdf}, far...)},
		{"string of 4 G", append([]byte{0xdb}, far...)},
		{"bytes of 4 G", append([]byte{0xc6}, far...)},
		{"extension of 4 G", append(append([]byte{0xc9}, far...), 0xff)},
		{"map of 1 M", []byte{0xdf, 0x00, 0x0f, 0x42, 0x40}},
		{"array of 64 K", []byte{0xdc, 0xff, 0xff}},
		{"map behind an extension", []byte{0xd8, 0x30, 0xdf, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		{"map in a timestamp", []byte{0xd7, 0xff, 0xdf, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0}},
		{"map of 1 in a timestamp", []byte{0xd6, 0xff, 0x81, 0xa1, 0x61, 0xdf}},
		{"interned string", []byte{0x92, 0xd4, 0x80, 0x00, 0xd4, 0x80, 0x81}},
		{"empty extension before a map", []byte{0x92, 0xc7, 0x00, 0xff, 0xdf, 0xff, 0xff, 0xff, 0xff}},
		{"unused code", []byte{0xc1}},
		{"nested promises", bytes.Repeat([]byte{0xdd, 0x00, 0x0f, 0x42, 0x40}, 200)},
		{"nothing", nil},
		{"10 M nested arrays", bytes.Repeat([]byte{0x91}, 10_000_000)},
	}
	for _, n := range []int{64, 65, 1000, 100_000} {
		list = append(list,
			hostile{"nested arrays", bytes.Repeat([]byte{0x91}, n)},
			hostile{"closed nested arrays", append(bytes.Repeat([]byte{0x91}, n), 0xc0)},
			hostile{"nested maps", bytes.Repeat([]byte{0x81, 0xa1, 'a'}, n/3)},
			hostile{"nested maps without names", append(bytes.Repeat([]byte{0x81, 0xa0}, n), 0xc0)},
			hostile{"unknown field with nested arrays", slices.Concat([]byte{0x81, 0xa1, '?'}, bytes.Repeat([]byte{0x91}, n), []byte{0xc0})},
		)
	}
	for _, n := range []int{100, 3000, 20_000} {
		for _, elem := range []string{"\xc0", "\x80", "\x90", "\xa0", "\x01", "\x81\xa0\xc0", "\x81\xa1m\x91\x80", "\x81\xa1n\xa0", "\xd6\xff\x81\xa0\xa0\xa0"} {
			body := bytes.Repeat([]byte(elem), n)
			list = append(list,
				hostile{"long array", slices.Concat([]byte{0xdd}, binary.BigEndian.AppendUint32(nil, uint32(n)), body)},
				hostile{"long array in an array", slices.Concat([]byte{0x91, 0xdd}, binary.BigEndian.AppendUint32(nil, uint32(n)), body)},
				hostile{"long array in a field", slices.Concat([]byte{0x81, 0xa1, 'm', 0xdd}, binary.BigEndian.AppendUint32(nil, uint32(n)), body)},
			)
		}
		pairs := bytes.Repeat([]byte{0xa0, 0x80}, n)
		list = append(list, hostile{"long map", slices.Concat([]byte{0xdf}, binary.BigEndian.AppendUint32(nil, uint32(n)), pairs)})
	}
	return append(list, hostile{"8 MB of nothing", slices.Concat([]byte{0xdd, 0x00, 0x79, 0xff, 0xff}, bytes.Repeat([]byte{0xc0}, 0x79ffff))})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package serializertest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// bombs returns inputs that have ended processes which read MessagePack, CBOR or
// JSON: large promises, deep nesting, and many small values that become large.
func bombs() [][]byte {
	var list [][]byte
	for _, promise := range []uint32{1_000_000, 33_500_000, 0x7fffffff, 0xffffffff} {
		n := binary.BigEndian.AppendUint32(nil, promise)
		for _, head := range []string{"\xdd", "\xdf", "\xc6", "\xdb", "\xc9", "\x9a", "\xba", "\x5a", "\x7a", "\x81\xa1a\xdd", "\xd8\x30\xdf", "\xd7\xff\xdf"} {
			list = append(list, slices.Concat([]byte(head), n), slices.Concat([]byte(head), n, make([]byte, 16)))
		}
	}
	nests := []struct{ open, close string }{
		{"[", "]"}, {`{"a":`, "}"}, {"[{\"\":", "}]"}, {"\x91", "\xc0"}, {"\x81\xa1a", "\xc0"}, {"\x81\xa0", "\xc0"},
		{"\x81\x61a", "\xf6"}, {"\xdd\x00\x0f\x42\x40", ""}, {"\x9f", "\xff"}, {"\xbf\x61a", "\xff"}, {"\xc1", "\x00"},
	}
	for _, n := range nests {
		for _, depth := range []int{100, 20_000} {
			opens := bytes.Repeat([]byte(n.open), depth)
			list = append(list, opens, slices.Concat(opens, bytes.Repeat([]byte(n.close), depth)))
		}
	}
	for _, n := range []int{3000, 8000} {
		for _, elem := range []string{"{}", "0", "null", "[]", `""`, `{"":0}`} {
			list = append(list, fmt.Appendf(nil, "[%s%s]", bytes.Repeat([]byte(elem+","), n-1), elem))
		}
		size := binary.BigEndian.AppendUint32(nil, uint32(n))
		for _, elem := range []string{"\xc0", "\x80", "\x90", "\xa0", "\x00", "\x81\xa0\xc0"} {
			list = append(list, slices.Concat([]byte{0xdd}, size, bytes.Repeat([]byte(elem), n)))
		}
		for _, elem := range []string{"\xf6", "\xa0", "\x80", "\x60", "\x00"} {
			list = append(list, slices.Concat([]byte{0x9a}, size, bytes.Repeat([]byte(elem), n)))
		}
	}
	return list
}

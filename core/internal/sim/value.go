// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"encoding/binary"
	"errors"
)

// valueSize is the length of an encoded value; the last byte is a check.
const valueSize = 21

var errValue = errors.New("not a value of the simulation")

// binaryValues is the serializer. It notices damage that nobody else does.
type binaryValues struct{}

// Marshal implements core.Serializer.
func (binaryValues) Marshal(v any) ([]byte, error) { return binaryValues{}.AppendMarshal(nil, v) }

// AppendMarshal implements core.AppendMarshaler.
func (binaryValues) AppendMarshal(dst []byte, v any) ([]byte, error) {
	x := v.(*value)
	start := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, uint16(x.Key))
	dst = binary.BigEndian.AppendUint16(dst, uint16(x.Node))
	dst = binary.BigEndian.AppendUint64(dst, x.Version)
	dst = binary.BigEndian.AppendUint64(dst, uint64(x.Made))
	return append(dst, sum(dst[start:])), nil
}

// Unmarshal implements core.Serializer.
func (binaryValues) Unmarshal(data []byte, v any) error {
	x, ok := decodeValue(data)
	if !ok {
		return errValue
	}
	*v.(*value) = x
	return nil
}

func decodeValue(data []byte) (x value, ok bool) {
	if len(data) != valueSize || data[valueSize-1] != sum(data[:valueSize-1]) {
		return x, false
	}
	x.Key = int(binary.BigEndian.Uint16(data))
	x.Node = int(binary.BigEndian.Uint16(data[2:]))
	x.Version = binary.BigEndian.Uint64(data[4:])
	x.Made = instant(binary.BigEndian.Uint64(data[12:]))
	return x, true
}

func sum(data []byte) byte {
	s := byte(0x5a)
	for _, b := range data {
		s = s<<1 | s>>7
		s ^= b
	}
	return s
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem

import "encoding/binary"

// What freecache holds for the hash of a key:
//
//	kind     uvarint  its number, doubled; 1 more if there is padding
//	length   uvarint  of the rest of the key
//	key      without the start that the kind has
//	entry    the binary form without the head that the kind has
//	padding  as long as its end says
//
// The last byte of padding is its length if that is less than 255. Or else it is 255,
// and the two bytes before are the length.
const (
	mostOverhead = 6 // beside key, entry and padding
	maxKey       = 1<<16 - 1
	maxPadding   = 1<<16 - 1
	longPadding  = 255
)

// seal appends what is to be stored of an entry with a binary form, without padding.
func seal(dst []byte, number int, of kind, key string, form []byte) []byte {
	key = key[len(of.start):]
	dst = binary.AppendUvarint(dst, uint64(number)<<1)
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	dst = append(dst, key...)
	return append(dst, form[len(of.head):]...)
}

// pad completes data to size bytes.
func pad(data []byte, size int) []byte {
	padding := size - len(data)
	if padding == 0 {
		return data
	}
	data[0] |= 1
	data = append(data, make([]byte, padding)...)
	if padding < longPadding {
		data[size-1] = byte(padding)
		return data
	}
	data[size-1] = longPadding
	binary.LittleEndian.PutUint16(data[size-3:], uint16(padding))
	return data
}

// unpad returns data without padding.
func unpad(data []byte) (rest []byte, ok bool) {
	if len(data) == 0 {
		return nil, false
	}
	padding := int(data[len(data)-1])
	if padding == longPadding && len(data) >= 3 {
		padding = int(binary.LittleEndian.Uint16(data[len(data)-3:]))
	}
	if padding == 0 || padding > len(data) {
		return nil, false
	}
	return data[:len(data)-padding], true
}

// open returns what is stored of an entry, and its kind, if it is that of key.
func (k *kinds) open(data []byte, key string) (of kind, own []byte, ok bool) {
	number, n := binary.Uvarint(data)
	if n <= 0 {
		return kind{}, nil, false
	}
	data, padded := data[n:], number&1 != 0
	if of, ok = k.at(number >> 1); !ok {
		return kind{}, nil, false
	}
	size, n := binary.Uvarint(data)
	if n <= 0 || size > uint64(len(data)-n) {
		return kind{}, nil, false
	}
	data = data[n:]
	if len(key) != len(of.start)+int(size) || key[:len(of.start)] != of.start || string(data[:size]) != key[len(of.start):] {
		return kind{}, nil, false
	}
	if data = data[size:]; padded {
		data, ok = unpad(data)
	}
	return of, data, ok
}

// slot returns the size to store need bytes in, where have are held (0 for none)
// and no more than most fit, and whether that can be done in the same place. It
// can if have is enough and less than half of it would be wasted; then the size
// stays, so that what is held always tells how much freecache has reserved. What
// has grown once gets an eighth to spare, since it will again.
func slot(have, need, most int) (size int, inPlace bool) {
	switch {
	case need <= have && have-need <= min(need, maxPadding):
		return have, true
	case have > 0 && have < need:
		return min(need+min(need/8, maxPadding), most), false
	}
	return need, false
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem

import "encoding/binary"

// What freecache holds for the hash of a key:
//
//	entry    the binary form
//	padding  as many bytes as the trailer says, of any content
//	key      the full key
//	trailer  length of the key and of the padding, 16 bits each
//
// The entry comes first so that it can be read into its place in the caller's
// buffer and what follows be cut off.
const (
	trailerSize = 4
	maxKey      = 1<<16 - 1
	maxPadding  = 1<<16 - 1
)

// seal completes data, which holds an entry, to size bytes with padding, key and
// trailer.
func seal(data []byte, key string, size int) []byte {
	padding := size - len(data) - len(key) - trailerSize
	data = append(data, make([]byte, padding)...)
	data = append(data, key...)
	data = binary.LittleEndian.AppendUint16(data, uint16(len(key)))
	return binary.LittleEndian.AppendUint16(data, uint16(padding))
}

// open returns the entry in data if it is that of key.
func open(data []byte, key string) (entry []byte, ok bool) {
	end := len(data) - trailerSize
	start := end - len(key)
	if start < 0 || int(binary.LittleEndian.Uint16(data[end:])) != len(key) || string(data[start:end]) != key {
		return nil, false
	}
	start -= int(binary.LittleEndian.Uint16(data[end+2:]))
	if start < 0 {
		return nil, false
	}
	return data[:start], true
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

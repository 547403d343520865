// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire

import (
	"hash/crc32"
	"unsafe"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns the CRC-32C of key followed by body.
func checksum(key string, body []byte) uint32 {
	text := unsafe.Slice(unsafe.StringData(key), len(key)) // a conversion would copy it to the heap
	return crc32.Update(crc32.Update(0, castagnoli, text), castagnoli, body)
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire

import "hash/crc32"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns the CRC-32C of key followed by body. The key is fed byte by
// byte: crc32.Update would want it copied to the heap.
func checksum(key string, body []byte) uint32 {
	sum := ^uint32(0)
	for i := range len(key) {
		sum = castagnoli[byte(sum)^key[i]] ^ sum>>8
	}
	return crc32.Update(^sum, castagnoli, body)
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const (
	// maxEncoded is the longest encoded key in bytes. A server that gets a line
	// of more than 4096 bytes closes the connection for good, and the line of a
	// read holds the key, the bucket twice and the prefix of the API.
	maxEncoded = 1500

	// hashMark begins the encoding of a longer key. No escape begins so.
	hashMark = "=sha256-"

	hexDigits = "0123456789abcdef"
)

// encodeKey turns any key into one that JetStream KV accepts. Letters, digits,
// '-', '_' and '/' stand for themselves, and so does '.' between two other
// bytes; every other byte becomes '=' and two hexadecimal digits. Different keys
// have different encodings. A key whose encoding would be too long is replaced
// by its SHA-256, of which no two keys with the same hash are known.
func encodeKey(key string) string {
	escapes := 0
	for i := range len(key) {
		if !literal(key, i) {
			escapes++
		}
	}
	switch n := len(key) + 2*escapes; {
	case n > maxEncoded:
		sum := sha256.Sum256([]byte(key))
		return hashMark + hex.EncodeToString(sum[:])
	case escapes == 0:
		return key
	default:
		return escape(key, n)
	}
}

func escape(key string, n int) string {
	var b strings.Builder
	b.Grow(n)
	for i := range len(key) {
		c := key[i]
		if literal(key, i) {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'=', hexDigits[c>>4], hexDigits[c&15]})
	}
	return b.String()
}

// literal reports whether byte i of key stands for itself. A dot separates the
// tokens of a subject, and none of them may be empty.
func literal(key string, i int) bool {
	switch c := key[i]; {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	case c == '-', c == '_', c == '/':
		return true
	case c == '.':
		return i > 0 && i < len(key)-1 && key[i-1] != '.'
	}
	return false
}

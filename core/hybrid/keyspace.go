// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// The layout of everything that a stack names outside of the process, N being
// the escaped name of the stack:
//
//	N:1:e:V:K   the entry of key K in view V
//	N:1:m:T     the mark of tag T; with T empty, of everything
//	N:1:l:V:K   the lock under which nodes load key K of view V
//	N:1:bus     the channel of the backplane
//
// The 1 is the version of the layout. Escaped names have no colon, so two
// different (name, view, key) never give the same key. In a channel, which may be
// a subject of NATS, a name that would give an empty token has its dots escaped
// too, and the SHA-256 stands for one that is too long.

// Channel returns the name of the backplane channel of the stack called name.
func Channel(name string) string {
	n := escape(name)
	if strings.Contains("."+n+".x", "..") {
		n = strings.ReplaceAll(n, ".", "%2e")
	}
	if len(n) > maxChannel {
		sum := sha256.Sum256([]byte(name))
		n = "%sha256-" + hex.EncodeToString(sum[:]) // no escape begins so
	}
	return n + ":1:bus"
}

// maxChannel is the longest escaped name in a channel.
const maxChannel = 200

// KeyPrefixes returns what the keys of the stack called name begin with in the
// distributed layer: those of its entries, and those of its marks. They are what
// a backplane has to track that hears of changes from the server itself.
func KeyPrefixes(name string) []string {
	p := prefixes(name)
	return []string{p.Entries, p.Marks}
}

// prefixes begin the keys in the distributed layer.
func prefixes(name string) coherence.Prefixes {
	n := escape(name)
	return coherence.Prefixes{Entries: n + ":1:e:", Marks: n + ":1:m:"}
}

// lockPrefix begins the names of locks.
func lockPrefix(name string) string { return escape(name) + ":1:l:" }

// viewPrefix begins the keys of a view on every level.
func viewPrefix(view string) string { return escape(view) + ":" }

// escape writes bytes other than letters, digits, '-', '_', '.' and those of
// multi-byte characters as %hh.
func escape(name string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c >= 0x80:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

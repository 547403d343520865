// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package layer

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
)

// Encrypt returns a layer that encrypts the values of d with AES-GCM, so that who
// can read the server learns no value, and who can write there can neither make
// one up nor give one key the value of another: what does not decrypt is a miss.
// What was stored without encryption is a miss too. A stack sends no values along with
// its messages then, which would show them: it refuses core.Push.
//
// keys are secrets of 16, 24 or 32 random bytes. The first encrypts; all decrypt. To
// replace one, add the new key behind the old on all nodes, then put it in front on
// all, then, when the old values have ended, drop the old one: after a month, in which
// the marks of tags are written anew. A key must be replaced before it has encrypted
// 2^32 values (NIST SP 800-38D, section 8.3, for random nonces).
//
// Switching encryption on or off is no rolling change: nodes with and without cannot
// read each other's values, and each loads its own until all are alike.
//
// The ordering header, which the server has to change, stays as it is: versions,
// node IDs and times are visible, as are keys and sizes, and who can write on the
// server can remove values or bring back earlier ones of the same key. What is
// encrypted does not compress: to have both, compress first, with
// Compress(Encrypt(d)), and know that the sizes then tell something of the values.
func Encrypt(d core.DistributedLayer, keys ...[]byte) (core.DistributedLayer, error) {
	if len(keys) == 0 {
		return nil, &core.OptionError{Option: "keys", Err: errors.New("at least one is required")}
	}
	e := &encryptor{ciphers: make(map[keyID]cipher.AEAD, len(keys))}
	for i, key := range keys {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, &core.OptionError{Option: fmt.Sprintf("keys[%d]", i), Err: errors.New("must have 16, 24 or 32 bytes")}
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		id := idOf(key)
		e.ciphers[id] = aead
		if i == 0 {
			e.first = id
		}
	}
	return transform(d, e), nil
}

// Stored is the mark, the ID of the key, and what [cipher.NewGCMWithRandomNonce]
// makes: nonce, encrypted body, tag. The key in the cache is authenticated.
const encrypted = 'e'

// keyID tells keys apart and tells nothing of them.
type keyID [4]byte

func idOf(key []byte) keyID {
	sum := sha256.Sum256(append([]byte("fusioncache key id\x00"), key...))
	return keyID(sum[:4])
}

type encryptor struct {
	ciphers map[keyID]cipher.AEAD
	first   keyID
}

func (e *encryptor) seal(dst []byte, key string, body []byte) ([]byte, error) {
	dst = append(append(dst, encrypted), e.first[:]...)
	return e.ciphers[e.first].Seal(dst, nil, body, []byte(key)), nil
}

func (*encryptor) conceals() bool { return true }

var (
	errNotEncrypted = errors.New("not encrypted")
	errUnknownKey   = errors.New("encrypted with an unknown key")
)

func (e *encryptor) open(dst []byte, key string, sealed []byte) ([]byte, error) {
	const ahead = 1 + len(keyID{})
	if len(sealed) < ahead || sealed[0] != encrypted {
		return nil, errNotEncrypted
	}
	aead, ok := e.ciphers[keyID(sealed[1:ahead])]
	if !ok {
		return nil, errUnknownKey
	}
	return aead.Open(dst, nil, sealed[ahead:], []byte(key))
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
)

// ErrSeal says that a message is not sealed, or not with a key that is known.
var ErrSeal = errors.New("message is not authentic")

// The limits of keys.
const (
	MinSealKey  = 16 // bytes
	MaxSealKeys = 8
)

// A sealed message is the message, the ID of the key, and HMAC-SHA-256 (RFC 2104)
// over the purpose and both.
const (
	sealID   = 4
	sealSize = sealID + sha256.Size
)

// Seal authenticates messages with keys that all nodes have. A nil *Seal leaves
// messages as they are, and takes them so. Safe for concurrent use.
type Seal struct {
	purpose []byte
	keys    []sealKey // the first signs
}

type sealKey struct {
	id  [sealID]byte
	key []byte
}

// NewSeal returns a Seal whose first key signs, and all of whose keys verify: a key
// is replaced by adding the new one behind the old on all nodes, then putting it in
// front on all, then dropping the old one. purpose is what a message is for: one
// that was sealed for another purpose is not authentic. The keys are copied. No
// keys give a nil Seal.
func NewSeal(purpose string, keys ...[]byte) (*Seal, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if len(keys) > MaxSealKeys {
		return nil, fmt.Errorf("%d keys, at most %d are allowed", len(keys), MaxSealKeys)
	}
	s := &Seal{purpose: append([]byte(purpose), 0)}
	for i, key := range keys {
		if len(key) < MinSealKey {
			return nil, fmt.Errorf("key %d has %d bytes, at least %d are needed", i, len(key), MinSealKey)
		}
		k := sealKey{key: append([]byte(nil), key...)}
		// What the ID tells of a key is as good as nothing.
		sum := sha256.Sum256(append([]byte("message key\x00"), key...))
		copy(k.id[:], sum[:])
		s.keys = append(s.keys, k)
	}
	return s, nil
}

// Close returns msg sealed. It may use the room behind msg.
func (s *Seal) Close(msg []byte) []byte {
	if s == nil {
		return msg
	}
	msg = append(msg, s.keys[0].id[:]...)
	return append(msg, s.mac(s.keys[0], msg)...)
}

// Open returns the message in a sealed one, which it shares memory with. The error
// is ErrSeal.
func (s *Seal) Open(sealed []byte) ([]byte, error) {
	if s == nil {
		return sealed, nil
	}
	end := len(sealed) - sealSize
	if end < 0 || len(sealed) > MaxMessageSize+sealSize {
		return nil, ErrSeal
	}
	for _, k := range s.keys {
		if [sealID]byte(sealed[end:end+sealID]) == k.id && hmac.Equal(s.mac(k, sealed[:end+sealID]), sealed[end+sealID:]) {
			return sealed[:end], nil
		}
	}
	return nil, ErrSeal
}

func (s *Seal) mac(k sealKey, data []byte) []byte {
	h := hmac.New(sha256.New, k.key)
	h.Write(s.purpose)
	h.Write(data)
	return h.Sum(nil)
}

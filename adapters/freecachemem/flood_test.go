// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem_test

import (
	"encoding/binary"
	"math/bits"
	"runtime"
	"testing"

	"github.com/coocood/freecache"
)

// freecache's hash has no seed, so keys can be chosen that all fall into one slot
// of its index, which is as long everywhere as in its longest slot.
func TestSet_ChosenKeysDoNotPileUp(t *testing.T) {
	const size, count, limit = 64 << 20, 5000, 16 << 20
	cache := freecache.NewCache(size)
	if grown := growth(t, func(i int) error { return cache.Set(collidingKey(i), []byte("x"), 0) }, count); grown < limit {
		t.Fatalf("the keys are not well chosen: they make freecache grow by %d bytes only", grown)
	}
	m := newMemory(t, size)
	if grown := growth(t, func(i int) error { return m.Set(string(collidingKey(i)), entry(1)) }, count); grown > limit {
		t.Errorf("%d chosen keys make it grow by %d bytes", count, grown)
	}
	for i := range count {
		if !has(m, string(collidingKey(i))) {
			t.Fatalf("key %d is gone", i)
		}
	}
}

// growth returns how many bytes it takes to set count keys.
func growth(t *testing.T, set func(i int) error, count int) uint64 {
	before := allocated()
	for i := range count {
		if err := set(i); err != nil {
			t.Fatal(err)
		}
	}
	return allocated() - before
}

func allocated() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.TotalAlloc
}

const (
	prime1 = 0x9E3779B185EBCA87
	prime2 = 0xC2B2AE3D27D4EB4F
	prime3 = 0x165667B19E3779F9
	prime4 = 0x85EBCA77C2B2AE63
	prime5 = 0x27D4EB2F165667C5
)

// collidingKey returns the eight bytes whose XXH64 is i in the high and the same
// in the low half, by running the hash backwards.
func collidingKey(i int) []byte {
	h := uint64(i)<<32 | 0x12345678
	h ^= h >> 32
	h *= inverse(prime3)
	h ^= h>>29 ^ h>>58
	h *= inverse(prime2)
	h ^= h >> 33
	h = bits.RotateLeft64((h-prime4)*inverse(prime1), -27)
	h ^= prime5 + 8
	h = bits.RotateLeft64(h*inverse(prime1), -31) * inverse(prime2)
	return binary.LittleEndian.AppendUint64(nil, h)
}

// inverse returns the inverse of odd n modulo 2^64, by Newton's iteration.
func inverse(n uint64) uint64 {
	x := n
	for range 6 {
		x *= 2 - n*x
	}
	return x
}

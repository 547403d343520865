// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"strconv"

	"github.com/fusioncache-go/fusioncache/core"
)

// KeyEncoder appends the text of a key to dst. Different keys must give
// different texts of 1 to core.MaxKeyLen bytes.
type KeyEncoder[K any] func(dst []byte, key K) []byte

// StringKey encodes a key that is a string.
func StringKey[K ~string](dst []byte, key K) []byte { return append(dst, key...) }

// IntKey encodes a signed integer in decimal.
func IntKey[K ~int | ~int8 | ~int16 | ~int32 | ~int64](dst []byte, key K) []byte {
	return strconv.AppendInt(dst, int64(key), 10)
}

// UintKey encodes an unsigned integer in decimal.
func UintKey[K ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](dst []byte, key K) []byte {
	return strconv.AppendUint(dst, uint64(key), 10)
}

// Cacheable is a key that knows its own text.
type Cacheable interface {
	// AppendCacheKey does what a [KeyEncoder] does.
	AppendCacheKey(dst []byte) []byte
}

// OwnKey encodes a key that knows its own text.
func OwnKey[K Cacheable](dst []byte, key K) []byte { return key.AppendCacheKey(dst) }

// Part appends one part of a key that has several, such that different lists of
// parts never give the same text: ("a", "bc") and ("ab", "c") do not.
func Part(dst []byte, part string) []byte {
	dst = strconv.AppendInt(dst, int64(len(part)), 10)
	dst = append(dst, ':')
	return append(dst, part...)
}

// Keyed is a [Cache] with keys of type K. Safe for concurrent use.
type Keyed[K comparable, V any] struct {
	cache  *Cache[V]
	encode KeyEncoder[K]
}

// NewKeyed returns c with keys of type K.
func NewKeyed[K comparable, V any](c *Cache[V], encode KeyEncoder[K]) *Keyed[K, V] {
	return &Keyed[K, V]{cache: c, encode: encode}
}

// Cache returns the view with the keys as text.
func (k *Keyed[K, V]) Cache() *Cache[V] { return k.cache }

// GetOrSet is [Cache.GetOrSet].
func (k *Keyed[K, V]) GetOrSet(ctx context.Context, key K, factory func(ctx context.Context, key K) (V, error), opts ...core.Option) (V, error) {
	if factory == nil {
		return noFactory[V](k.text(key))
	}
	v, found := k.hit(key, opts)
	if found == fresh {
		return v, nil
	}
	return k.cache.load(ctx, k.text(key), typed[K, V]{k.cache, key, factory}, found, opts)
}

// GetOrRefresh is [Cache.GetOrRefresh]; the Key of the load is the text of key.
func (k *Keyed[K, V]) GetOrRefresh(ctx context.Context, key K, factory func(ctx context.Context, key K, l *Load[V]) (V, error), opts ...core.Option) (V, error) {
	if factory == nil {
		return noFactory[V](k.text(key))
	}
	v, found := k.hit(key, opts)
	if found == fresh {
		return v, nil
	}
	load := func(ctx context.Context, l *Load[V]) (V, error) { return factory(ctx, key, l) }
	return k.cache.load(ctx, k.text(key), adaptive[V]{k.cache, load}, found, opts)
}

// Get is [Cache.Get].
func (k *Keyed[K, V]) Get(ctx context.Context, key K, opts ...core.Option) (V, bool, error) {
	return k.cache.Get(ctx, k.text(key), opts...)
}

// Set is [Cache.Set].
func (k *Keyed[K, V]) Set(ctx context.Context, key K, v V, opts ...core.Option) (core.Outcome, error) {
	return k.cache.Set(ctx, k.text(key), v, opts...)
}

// Remove is [Cache.Remove].
func (k *Keyed[K, V]) Remove(ctx context.Context, key K, opts ...core.Option) (core.Outcome, error) {
	return k.cache.Remove(ctx, k.text(key), opts...)
}

// Expire is [Cache.Expire].
func (k *Keyed[K, V]) Expire(ctx context.Context, key K, opts ...core.Option) (core.Outcome, error) {
	return k.cache.Expire(ctx, k.text(key), opts...)
}

func (k *Keyed[K, V]) text(key K) string { return string(k.encode(nil, key)) }

// typed is the factory of a Keyed.
type typed[K comparable, V any] struct {
	cache *Cache[V]
	key   K
	call  func(ctx context.Context, key K) (V, error)
}

// Load implements core.Factory.
func (t typed[K, V]) Load(ctx context.Context, r core.Request) (*core.Entry, error) {
	born := t.cache.stack.clock.Now()
	v, err := t.call(ctx, t.key)
	return t.cache.made(v, err, r, born)
}

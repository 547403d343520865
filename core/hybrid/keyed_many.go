// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"slices"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

// GetMany is [Cache.GetMany]; single keys fail in a core.KeyErrors[K].
func (k *Keyed[K, V]) GetMany(ctx context.Context, keys []K, opts ...core.Option) (map[K]V, error) {
	return k.getMany(ctx, core.OpGet, keys, nil, opts)
}

// GetOrSetMany is [Cache.GetOrSetMany]; single keys fail in a core.KeyErrors[K].
func (k *Keyed[K, V]) GetOrSetMany(
	ctx context.Context, keys []K,
	factory func(ctx context.Context, missing []K) (map[K]V, error), opts ...core.Option,
) (map[K]V, error) {
	if factory == nil {
		return map[K]V{}, &core.Error{Op: core.OpGetOrSet, Err: core.ErrNoFactory}
	}
	return k.getMany(ctx, core.OpGetOrSet, keys, factory, opts)
}

func (k *Keyed[K, V]) getMany(
	ctx context.Context, op core.Op, keys []K,
	factory func(context.Context, []K) (map[K]V, error), opts []core.Option,
) (map[K]V, error) {
	out := make(map[K]V, len(keys))
	for i, key := range keys {
		v, found := k.hit(key, opts)
		if found != fresh {
			return k.getRest(ctx, rest[K, V]{op, keys, factory, opts, out}, i, found)
		}
		out[key] = v
	}
	return out, nil
}

// getRest goes on from the first key that memory did not answer, which is found so.
func (k *Keyed[K, V]) getRest(ctx context.Context, q rest[K, V], first int, found look) (map[K]V, error) {
	m := &many[V]{cache: k.cache, op: q.op, most: len(q.keys)}
	texts := map[string]K{}
	for i := first; i < len(q.keys); i++ {
		key := q.keys[i]
		if i > first {
			var v V
			if v, found = k.hit(key, q.opts); found == fresh {
				q.out[key] = v
				continue
			}
		}
		text := k.text(key)
		if _, twice := texts[text]; !twice {
			texts[text] = key
			m.add(i, text, found)
		}
	}
	var f resilience.ManyFactory
	if q.factory != nil {
		f = typedMany[K, V]{k.cache, texts, q.factory}
	}
	return finish(ctx, m, q, f)
}

// typedMany is the factory of Keyed.GetOrSetMany.
type typedMany[K comparable, V any] struct {
	cache *Cache[V]
	keys  map[string]K // by their texts
	call  func(ctx context.Context, keys []K) (map[K]V, error)
}

// LoadMany implements resilience.ManyFactory.
func (f typedMany[K, V]) LoadMany(ctx context.Context, rs []core.Request) []resilience.Loaded {
	keys := make([]K, len(rs))
	for i, r := range rs {
		keys[i] = f.keys[r.Key[len(f.cache.prefix):]]
	}
	born := f.cache.stack.clock.Now()
	values, err := f.call(ctx, slices.Clone(keys)) // which is the factory's own
	return madeMany(f.cache, rs, keys, answer[K, V]{values, err, born})
}

// SetMany is [Cache.SetMany]; single keys fail in a core.KeyErrors[K].
func (k *Keyed[K, V]) SetMany(ctx context.Context, values map[K]V, opts ...core.Option) (core.Outcome, error) {
	keys := make([]K, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	return setMany(ctx, k.cache, writes[K]{core.OpSet, keys, k.texts(keys), opts}, values)
}

// RemoveMany is [Cache.RemoveMany]; single keys fail in a core.KeyErrors[K].
func (k *Keyed[K, V]) RemoveMany(ctx context.Context, keys []K, opts ...core.Option) (core.Outcome, error) {
	return removeMany(ctx, k.cache, writes[K]{core.OpRemove, keys, k.texts(keys), opts})
}

func (k *Keyed[K, V]) texts(keys []K) []string {
	texts := make([]string, len(keys))
	for i, key := range keys {
		texts[i] = k.text(key)
	}
	return texts
}

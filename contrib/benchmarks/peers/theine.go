// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"context"

	"github.com/Yiling-J/theine-go"
)

type theineCache[V any] struct {
	cache *theine.LoadingCache[string, V]
}

func newTheine[V any](c Config[V]) (Cache[V], error) {
	cache, err := theine.NewBuilder[string, V](int64(c.Capacity)).BuildWithLoader(
		func(ctx context.Context, key string) (theine.Loaded[V], error) {
			v, err := c.Load(ctx, key)
			return theine.Loaded[V]{Value: v, Cost: 1, TTL: ttl}, err
		})
	return theineCache[V]{cache}, err
}

// Get implements Cache.
func (t theineCache[V]) Get(ctx context.Context, key string) (V, error) { return t.cache.Get(ctx, key) }

// Close implements Cache.
func (t theineCache[V]) Close() { t.cache.Close() }

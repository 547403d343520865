// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"context"

	"github.com/samber/hot"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
)

type hotCache[V any] struct {
	cache *hot.HotCache[string, V]
	load  load.Func[V]
}

func newHot[V any](c Config[V]) (Cache[V], error) {
	loader := func(keys []string) (map[string]V, error) {
		out := make(map[string]V, len(keys))
		for _, key := range keys {
			v, err := c.Load(context.Background(), key)
			if err != nil {
				return nil, err
			}
			out[key] = v
		}
		return out, nil
	}
	return hotCache[V]{hot.NewHotCache[string, V](hot.LRU, c.Capacity).WithTTL(ttl).WithLoaders(loader).Build(), c.Load}, nil
}

// Get implements Cache.
func (h hotCache[V]) Get(_ context.Context, key string) (V, error) {
	v, ok, err := h.cache.Get(key)
	if err == nil && !ok {
		err = errNotFound
	}
	return v, err
}

// Close implements Cache.
func (h hotCache[V]) Close() { h.cache.StopJanitor() }

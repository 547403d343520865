// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"context"

	"github.com/go-redis/cache/v9"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
)

type redisCache[V any] struct {
	cache *cache.Cache
	load  load.Func[V]
}

func newRedisCache[V any](c Config[V]) (Cache[V], error) {
	local := cache.New(&cache.Options{LocalCache: cache.NewTinyLFU(c.Capacity*2, ttl)})
	return redisCache[V]{local, c.Load}, nil
}

// Get implements Cache.
func (r redisCache[V]) Get(ctx context.Context, key string) (v V, err error) {
	err = r.cache.Once(&cache.Item{Ctx: ctx, Key: key, Value: &v, TTL: ttl, Do: func(i *cache.Item) (any, error) {
		return r.load(i.Context(), i.Key)
	}})
	return v, err
}

// Close implements Cache.
func (redisCache[V]) Close() {}

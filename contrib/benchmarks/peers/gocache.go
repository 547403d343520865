// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"context"
	"time"

	"github.com/coocood/freecache"
	"github.com/eko/gocache/lib/v4/cache"
	"github.com/eko/gocache/lib/v4/store"
	freestore "github.com/eko/gocache/store/freecache/v4"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
)

// gocacheLoad is gocache's loadable cache of bytes over freecache, and the decoding
// that its marshaler does.
type gocacheLoad[V any] struct {
	cache *cache.LoadableCache[[]byte]
}

func newGocache[V any](c Config[V]) (Cache[V], error) {
	raw := freecache.NewCache(memoryFor(c))
	held := cache.New[[]byte](freestore.NewFreecache(raw, store.WithExpiration(ttl)))
	return gocacheLoad[V]{cache.NewLoadable(loadEncoded(c.Load), cache.SetterCacheInterface[[]byte](held))}, nil
}

func loadEncoded[V any](f load.Func[V]) cache.LoadFunction[[]byte] {
	return func(ctx context.Context, key any) ([]byte, []store.Option, error) {
		v, err := f(ctx, key.(string))
		if err != nil {
			return nil, nil, err
		}
		data, err := msgpack.Marshal(&v)
		return data, []store.Option{store.WithExpiration(time.Hour)}, err
	}
}

// Get implements Cache.
func (g gocacheLoad[V]) Get(ctx context.Context, key string) (v V, err error) {
	data, err := g.cache.Get(ctx, key)
	if err != nil {
		return v, err
	}
	err = msgpack.Unmarshal(data, &v)
	return v, err
}

// Close implements Cache.
func (g gocacheLoad[V]) Close() { _ = g.cache.Close() }

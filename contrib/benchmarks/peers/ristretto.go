// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"context"

	"github.com/dgraph-io/ristretto/v2"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
)

// ristrettoCache looks, loads and sets: ristretto has no single flight.
type ristrettoCache[V any] struct {
	cache *ristretto.Cache[string, V]
	load  load.Func[V]
}

func newRistretto[V any](c Config[V]) (Cache[V], error) {
	cache, err := ristretto.NewCache(&ristretto.Config[string, V]{
		NumCounters: int64(c.Capacity) * 10, MaxCost: int64(c.Capacity), BufferItems: 64, IgnoreInternalCost: true,
	})
	return ristrettoCache[V]{cache, c.Load}, err
}

// Get implements Cache.
func (r ristrettoCache[V]) Get(ctx context.Context, key string) (V, error) {
	if v, ok := r.cache.Get(key); ok {
		return v, nil
	}
	v, err := r.load(ctx, key)
	if err == nil {
		r.cache.SetWithTTL(key, v, 1, ttl)
	}
	return v, err
}

func (r ristrettoCache[V]) settle() { r.cache.Wait() }

// Close implements Cache.
func (r ristrettoCache[V]) Close() { r.cache.Close() }

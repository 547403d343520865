// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"context"

	"github.com/viccon/sturdyc"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
)

type sturdy[V any] struct {
	client *sturdyc.Client[V]
	load   load.Func[V]
}

func newSturdyc[V any](c Config[V]) (Cache[V], error) {
	client := sturdyc.New[V](c.Capacity*5/4, 256, ttl, 10, sturdyc.WithNoContinuousEvictions())
	return sturdy[V]{client, c.Load}, nil
}

// Get implements Cache.
func (s sturdy[V]) Get(ctx context.Context, key string) (V, error) {
	return s.client.GetOrFetch(ctx, key, func(ctx context.Context) (V, error) { return s.load(ctx, key) })
}

// Close implements Cache.
func (sturdy[V]) Close() {}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"context"
	"fmt"

	jetcache "github.com/mgtv-tech/jetcache-go"
	"github.com/mgtv-tech/jetcache-go/local"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
)

type jet[V any] struct {
	cache jetcache.Cache
	load  load.Func[V]
}

// newJetcache uses freecache as the local level; all of a process share one, so
// their keys get a prefix for the type of the values.
func newJetcache[V any](c Config[V]) (Cache[V], error) {
	store := local.NewFreeCache(local.Size(256*local.MB), ttl, fmt.Sprintf("%T:", *new(V)))
	return jet[V]{jetcache.New(jetcache.WithLocal(store), jetcache.WithErrNotFound(errNotFound), jetcache.WithStatsDisabled(true)), c.Load}, nil
}

// Get implements Cache.
func (j jet[V]) Get(ctx context.Context, key string) (v V, err error) {
	err = j.cache.Once(ctx, key, jetcache.Value(&v), jetcache.Do(func(ctx context.Context) (any, error) { return j.load(ctx, key) }))
	return v, err
}

// Close implements Cache.
func (j jet[V]) Close() { j.cache.Close() }

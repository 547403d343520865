// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"context"
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// ours is a view of a stack, with a factory that captures nothing but what was made
// once.
type ours[V any] struct {
	cache *hybrid.Cache[V]
	load  load.Func[V]
}

func newOurs[V any](c Config[V], memory core.MemoryLayer, o hybrid.Options, opts ...core.Option) (*ours[V], error) {
	serializer, err := msgpackser.New(nil)
	if err != nil {
		return nil, err
	}
	o.Memory, o.Serializer = memory, serializer
	stack, err := hybrid.New(o)
	if err != nil {
		return nil, err
	}
	cache, err := hybrid.Of[V](stack, "values", append([]core.Option{core.TTL(ttl)}, opts...)...)
	if err != nil {
		return nil, errors.Join(err, stack.Close(context.Background()))
	}
	return &ours[V]{cache, c.Load}, nil
}

// Get implements Cache.
func (o *ours[V]) Get(ctx context.Context, key string) (V, error) {
	return o.cache.GetOrSet(ctx, key, o.load)
}

// Close implements Cache.
func (o *ours[V]) Close() { _ = o.cache.Stack().Close(context.Background()) }

func newOursOn[V any](c Config[V], o hybrid.Options, opts ...core.Option) (*ours[V], error) {
	memory, err := ottermem.New(&ottermem.Options{MaxEntries: c.Capacity})
	if err != nil {
		return nil, err
	}
	return newOurs(c, memory, o, opts...)
}

func newOursOtter[V any](c Config[V]) (Cache[V], error) { return newOursOn(c, hybrid.Options{}) }

func newOursFreecache[V any](c Config[V]) (Cache[V], error) {
	memory, err := freecachemem.New(memoryFor(c), nil)
	if err != nil {
		return nil, err
	}
	return newOurs(c, memory, hybrid.Options{})
}

// withOptions gives every call options of its own.
type withOptions[V any] struct{ *ours[V] }

func newOursOptions[V any](c Config[V]) (Cache[V], error) {
	o, err := newOursOn(c, hybrid.Options{})
	return withOptions[V]{o}, err
}

// Get implements Cache.
func (o withOptions[V]) Get(ctx context.Context, key string) (V, error) {
	return o.cache.GetOrSet(ctx, key, o.load, core.TTL(ttl), core.FailSafe(2*ttl))
}

func newOursTagged[V any](c Config[V]) (Cache[V], error) {
	return newOursOn(c, hybrid.Options{}, core.Tags("all"))
}

func newOursPlugins[V any](c Config[V]) (Cache[V], error) { return withPolicies[V](true)(c) }

func newOursPolicies[V any](c Config[V]) (Cache[V], error) {
	return newOursOn(c, hybrid.Options{},
		core.FailSafe(2*ttl), core.SoftTimeout(100*time.Millisecond), core.HardTimeout(time.Second), core.EagerRefresh(0.9))
}

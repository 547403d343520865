// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package peers

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
)

// otterCache is otter alone.
type otterCache[V any] struct {
	cache *otter.Cache[string, V]
	load  load.Func[V]
}

func newOtter[V any](c Config[V]) (otterCache[V], error) {
	cache, err := otter.New(&otter.Options[string, V]{
		MaximumSize:      c.Capacity,
		ExpiryCalculator: otter.ExpiryWriting[string, V](ttl),
	})
	return otterCache[V]{cache, c.Load}, err
}

// Close implements Cache.
func (o otterCache[V]) Close() { o.cache.StopAllGoroutines() }

// otterLoad loads by otter's own single flight.
type otterLoad[V any] struct {
	otterCache[V]
	loader otter.Loader[string, V]
}

func newOtterLoad[V any](c Config[V]) (Cache[V], error) {
	o, err := newOtter(c)
	return otterLoad[V]{o, otter.LoaderFunc[string, V](c.Load)}, err
}

// Get implements Cache.
func (o otterLoad[V]) Get(ctx context.Context, key string) (V, error) {
	return o.cache.Get(ctx, key, o.loader)
}

// otterGet looks, loads and sets, without a single flight.
type otterGet[V any] struct{ otterCache[V] }

func newOtterGet[V any](c Config[V]) (Cache[V], error) {
	o, err := newOtter(c)
	return otterGet[V]{o}, err
}

// Get implements Cache.
func (o otterGet[V]) Get(ctx context.Context, key string) (V, error) {
	if v, ok := o.cache.GetIfPresent(key); ok {
		return v, nil
	}
	v, err := o.load(ctx, key)
	if err == nil {
		o.cache.Set(key, v)
	}
	return v, err
}

// otterTimed is otterGet for a caller who does not wait for the load any longer than a
// second: the least that this takes, a goroutine, a channel and a timer.
type otterTimed[V any] struct{ otterGet[V] }

func newOtterTimed[V any](c Config[V]) (Cache[V], error) {
	o, err := newOtter(c)
	return otterTimed[V]{otterGet[V]{o}}, err
}

// Get implements Cache.
func (o otterTimed[V]) Get(ctx context.Context, key string) (V, error) {
	if v, ok := o.cache.GetIfPresent(key); ok {
		return v, nil
	}
	return o.timed(ctx, key)
}

func (o otterTimed[V]) timed(ctx context.Context, key string) (V, error) {
	var v V
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		v, err = o.otterGet.Get(ctx, key)
	}()
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-done:
		return v, err
	case <-timer.C:
		return *new(V), context.DeadlineExceeded
	}
}

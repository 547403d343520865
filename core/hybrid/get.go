// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

// Loader makes values, for those who prefer an interface to a function.
type Loader[V any] interface {
	// Load returns the value of key, as the caller of the cache gave it.
	Load(ctx context.Context, key string) (V, error)
}

// GetOrSet returns the value of key: from memory, from the distributed layer, or
// from factory, whose result is stored on all levels and told to the other
// nodes. Any number of simultaneous calls for a key make one load, with the factory
// and the options of the first, the leader's options: its lives are those of the
// entry. A caller's own timeouts bound its wait all the same.
//
// factory gets key as given here, and a context with the values of the first
// caller's but not its cancellation. It may be called on another goroutine and
// go on after GetOrSet has returned. Factories given for one key must be
// interchangeable. To allocate nothing on a hit, it must capture nothing: it
// gets the key for that.
//
// If factory fails or is late, a stale value is returned where the entry options
// allow it. Otherwise the error is a *core.Error around a *core.FactoryError, a
// *core.TimeoutError, or the end of ctx. An error of the distributed layer is
// never returned instead of a value. A fresh value in memory is returned even if ctx
// has ended.
func (c *Cache[V]) GetOrSet(ctx context.Context, key string, factory func(ctx context.Context, key string) (V, error), opts ...core.Option) (V, error) {
	if factory == nil {
		return noFactory[V](key)
	}
	v, found := c.hit(key, opts)
	if found == fresh {
		return v, nil
	}
	return c.load(ctx, key, function[V](factory), found, opts)
}

// GetOrLoad is [Cache.GetOrSet] with a factory that is an interface.
func (c *Cache[V]) GetOrLoad(ctx context.Context, key string, l Loader[V], opts ...core.Option) (V, error) {
	if l == nil {
		return noFactory[V](key)
	}
	v, found := c.hit(key, opts)
	if found == fresh {
		return v, nil
	}
	return c.load(ctx, key, loader[V]{c, l}, found, opts)
}

// Get returns the value of key from memory or the distributed layer. ok is false
// if neither has it fresh; with core.AllowStale a stale value will do. It calls
// no factory, and no server if memory has the value.
func (c *Cache[V]) Get(ctx context.Context, key string, opts ...core.Option) (v V, ok bool, err error) {
	v, found := c.hit(key, opts)
	if found == fresh {
		return v, true, nil
	}
	path := c.stack.paths.read
	if found == absent {
		path = c.stack.paths.readMissed
	}
	return c.ask(ctx, path, core.OpGet, key, nil, opts)
}

func (c *Cache[V]) load(ctx context.Context, key string, f core.Factory, found look, opts []core.Option) (V, error) {
	path := c.stack.paths.load
	if found == absent {
		path = c.stack.paths.loadMissed
	}
	v, _, err := c.ask(ctx, path, core.OpGetOrSet, key, f, opts)
	return v, err
}

// noFactory is what a call without a factory gets, whatever memory has.
func noFactory[V any](key string) (v V, err error) {
	return v, &core.Error{Op: core.OpGetOrSet, Key: key, Err: core.ErrNoFactory}
}

// ask sends a request down a path.
func (c *Cache[V]) ask(ctx context.Context, path core.Handler, op core.Op, key string, f core.Factory, opts []core.Option) (v V, ok bool, err error) {
	if err := c.check(key); err != nil {
		return v, false, &core.Error{Op: op, Key: key, Err: err}
	}
	o, err := c.resolveFor(key, opts)
	if err != nil {
		return v, false, &core.Error{Op: op, Key: key, Err: err}
	}
	res, err := path(ctx, core.Request{Key: c.prefix + key, Options: o, Codec: c.codec, Factory: f})
	if err != nil {
		return v, false, &core.Error{Op: op, Key: key, Err: err}
	}
	if res.Entry == nil || f == nil && res.Entry.Missing() != nil {
		return v, false, nil
	}
	if v, err = c.value(res.Entry, o.Clone); err != nil {
		return v, false, &core.Error{Op: op, Key: key, Err: err}
	}
	return v, true, nil
}

// value returns the value of an entry that others may have got too, or a copy; or the
// error of a negative entry.
func (c *Cache[V]) value(e *core.Entry, clone bool) (v V, err error) {
	if missing := e.Missing(); missing != nil {
		return v, missing
	}
	if clone {
		payload, err := c.codec.Encode(nil, e)
		if err == nil {
			e, err = c.codec.Decode(payload, e.Meta())
		}
		if err != nil {
			return v, &core.LayerError{Level: core.LevelMemory, Op: core.OpEncode, Err: err}
		}
	}
	v, ok := core.Value[V](e)
	if !ok {
		return v, errWrongType
	}
	return v, nil
}

// function and loader are the two forms of a factory. A function alone, which finds
// its cache by the codec of the request, costs a miss no allocation.
type function[V any] func(ctx context.Context, key string) (V, error)

// codec is the codec of a cache.
type codec[V any] struct {
	core.Codec
	cache *Cache[V]
}

// Load implements core.Factory.
func (f function[V]) Load(ctx context.Context, r core.Request) (*core.Entry, error) {
	c := r.Codec.(*codec[V]).cache
	born := c.stack.clock.Now()
	v, err := f(ctx, r.Key[len(c.prefix):])
	return c.made(v, err, r, born)
}

type loader[V any] struct {
	cache *Cache[V]
	from  Loader[V]
}

// Load implements core.Factory.
func (l loader[V]) Load(ctx context.Context, r core.Request) (*core.Entry, error) {
	born := l.cache.stack.clock.Now()
	v, err := l.from.Load(ctx, r.Key[len(l.cache.prefix):])
	return l.cache.made(v, err, r, born)
}

// made returns the entry of what a factory has returned. That there is no value is
// an answer too, if the options say so.
func (c *Cache[V]) made(v V, err error, r core.Request, born core.Instant) (*core.Entry, error) {
	now := c.stack.clock.Now()
	if err == nil {
		m := r.Options.Meta(born, now)
		m.Stamp = r.Stamp
		return core.Live(v, m), nil
	}
	if r.Options.NotFoundTTL > 0 && errors.Is(err, core.ErrNotFound) {
		why := &core.FactoryError{Key: r.Key, Err: err}
		return core.Live(*new(V), r.Options.Missing(why, born, now)), nil
	}
	return nil, err
}

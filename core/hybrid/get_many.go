// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"errors"
	"slices"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

// GetMany is [Cache.Get] for many keys. The map has those that were found. The
// distributed layer is asked once for all that memory does not answer. A key that
// fails does not fail the others: the error is a *core.Error around a
// core.KeyErrors[string], beside the values of the others.
func (c *Cache[V]) GetMany(ctx context.Context, keys []string, opts ...core.Option) (map[string]V, error) {
	return c.getMany(ctx, core.OpGet, keys, nil, opts)
}

// GetOrSetMany is [Cache.GetOrSet] for many keys: it looks into memory, asks the
// distributed layer once for all that are missing there, and then calls factory once
// for those that are missing still. Each key has its own flight: a key that another
// call, of one key or of many, is loading already is waited for and not loaded again.
//
// factory gets the missing keys, in no particular order, and returns what it has. A
// key that is not in its map has no value; to callers that wait for that key alone,
// that is core.ErrNotFound. If factory fails, keys that are in its map all the same
// have their values, and for the others fail-safe and its like apply as for a single
// key. A core.KeyErrors[string] gives single keys errors of their own. factory may be
// called again for keys that came too late for the first call, because something
// else than the factory held them up. Its context ends when nobody needs any of the
// keys any more, or the LoadTimeout of all has passed, which is its deadline.
//
// The map that GetOrSetMany returns has all that was found or made. The error is a
// *core.Error around a core.KeyErrors[string] for the keys that failed; a key without
// a value is not among them. If all keys are in memory, only the map is allocated.
func (c *Cache[V]) GetOrSetMany(
	ctx context.Context, keys []string,
	factory func(ctx context.Context, missing []string) (map[string]V, error), opts ...core.Option,
) (map[string]V, error) {
	if factory == nil {
		return map[string]V{}, &core.Error{Op: core.OpGetOrSet, Err: core.ErrNoFactory}
	}
	return c.getMany(ctx, core.OpGetOrSet, keys, factory, opts)
}

func (c *Cache[V]) getMany(
	ctx context.Context, op core.Op, keys []string,
	factory func(context.Context, []string) (map[string]V, error), opts []core.Option,
) (map[string]V, error) {
	out := make(map[string]V, len(keys))
	for i, key := range keys {
		v, found := c.hit(key, opts)
		if found != fresh {
			return c.getRest(ctx, rest[string, V]{op, keys, factory, opts, out}, i, found)
		}
		out[key] = v
	}
	return out, nil
}

// rest is what an operation on many keys needs to go on when memory has not answered
// a key.
type rest[K comparable, V any] struct {
	op      core.Op
	keys    []K
	factory func(context.Context, []K) (map[K]V, error)
	opts    []core.Option
	out     map[K]V
}

// getRest goes on from the first key that memory did not answer, which is found so.
func (c *Cache[V]) getRest(ctx context.Context, q rest[string, V], first int, found look) (map[string]V, error) {
	m := &many[V]{cache: c, op: q.op, most: len(q.keys)}
	seen := make(map[string]bool, len(q.keys)-first)
	seen[q.keys[first]] = true
	m.add(first, q.keys[first], found)
	for i := first + 1; i < len(q.keys); i++ {
		key := q.keys[i]
		if seen[key] {
			continue
		}
		v, found := c.hit(key, q.opts)
		if found == fresh {
			q.out[key] = v
			continue
		}
		seen[key] = true
		m.add(i, key, found)
	}
	var f resilience.ManyFactory
	if q.factory != nil {
		f = manyFunction[V]{c, q.factory}
	}
	return finish(ctx, m, q, f)
}

// finish runs m and adds what it finds to what memory had.
func finish[K comparable, V any](ctx context.Context, m *many[V], q rest[K, V], f resilience.ManyFactory) (map[K]V, error) {
	if err := m.run(ctx, f, q.opts); err != nil {
		return q.out, err
	}
	for _, l := range m.lanes {
		if l.ok {
			q.out[q.keys[l.index]] = l.value
		}
	}
	return q.out, failure(m, q.keys)
}

// manyFunction is the factory of GetOrSetMany.
type manyFunction[V any] struct {
	cache *Cache[V]
	call  func(ctx context.Context, keys []string) (map[string]V, error)
}

// LoadMany implements resilience.ManyFactory.
func (f manyFunction[V]) LoadMany(ctx context.Context, rs []core.Request) []resilience.Loaded {
	keys := make([]string, len(rs))
	for i, r := range rs {
		keys[i] = r.Key[len(f.cache.prefix):]
	}
	born := f.cache.stack.clock.Now()
	values, err := f.call(ctx, slices.Clone(keys)) // which is the factory's own
	return madeMany(f.cache, rs, keys, answer[string, V]{values, err, born})
}

// answer is what a factory of many has returned to a call that began at born.
type answer[K comparable, V any] struct {
	values map[K]V
	err    error
	born   core.Instant
}

// madeMany makes entries of what a factory of many has returned for keys.
func madeMany[K comparable, V any](c *Cache[V], rs []core.Request, keys []K, a answer[K, V]) []resilience.Loaded {
	each, apart := errors.AsType[core.KeyErrors[K]](a.err)
	out := make([]resilience.Loaded, len(rs))
	for i, r := range rs {
		v, ok := a.values[keys[i]]
		failed := a.err
		switch {
		case ok:
			failed = nil
		case a.err == nil || apart && each[keys[i]] == nil:
			failed = core.ErrNotFound
		case apart:
			failed = each[keys[i]]
		}
		out[i].Entry, out[i].Err = c.made(v, failed, r, a.born)
	}
	return out
}

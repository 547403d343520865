// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

var errWrongType = errors.New("views of one name must have one type")

// Set stores v under key on every level, and the other nodes drop what they
// hold. A load of key that is under way stores its older result nowhere.
//
// When Set returns, this node reads v or something newer. The outcome says
// whether the distributed layer has acknowledged it; an error of that layer is
// returned only with core.ReturnLayerErrors. A value that cannot be encoded is
// an error if memory is a layer of bytes, with core.Clone, and with
// core.ReturnLayerErrors. If ctx has ended already, nothing is written.
func (c *Cache[V]) Set(ctx context.Context, key string, v V, opts ...core.Option) (core.Outcome, error) {
	return c.write(ctx, core.OpSet, key, opts, func(full string, o *core.EntryOptions) (core.Outcome, error) {
		e := core.Live(v, c.written(ctx, c.stack.clock.Now(), o))
		return c.stack.writer.Set(ctx, full, e, c.codec, o)
	})
}

// written returns the metadata of an entry that is written at now.
func (c *Cache[V]) written(ctx context.Context, now core.Instant, o *core.EntryOptions) core.Meta {
	m := o.Meta(now, now)
	m.Stamp = c.stack.writer.Stamp(ctx, o)
	return m
}

// Remove removes key from every level and node, stale copies included. Removing
// what is not there is no error. Outcome and error are as for [Cache.Set].
func (c *Cache[V]) Remove(ctx context.Context, key string, opts ...core.Option) (core.Outcome, error) {
	return c.write(ctx, core.OpRemove, key, opts, func(full string, o *core.EntryOptions) (core.Outcome, error) {
		return c.stack.writer.Remove(ctx, full, o)
	})
}

// Expire ends the logical life of key on every level and node: the next
// GetOrSet asks its factory, and fail-safe can still serve the old value should
// that fail. Outcome and error are as for [Cache.Set].
func (c *Cache[V]) Expire(ctx context.Context, key string, opts ...core.Option) (core.Outcome, error) {
	return c.write(ctx, core.OpExpire, key, opts, func(full string, o *core.EntryOptions) (core.Outcome, error) {
		return c.stack.writer.Expire(ctx, full, o)
	})
}

// write does what all writes have in common.
func (c *Cache[V]) write(ctx context.Context, op core.Op, key string, opts []core.Option, do func(string, *core.EntryOptions) (core.Outcome, error)) (core.Outcome, error) {
	err := c.check(key)
	if err == nil {
		err = ctx.Err()
	}
	var o *core.EntryOptions
	if err == nil {
		o, err = c.resolveFor(key, opts)
	}
	var outcome core.Outcome
	if err == nil {
		outcome, err = do(c.prefix+key, o)
	}
	if err != nil {
		return outcome, &core.Error{Op: op, Key: key, Err: err}
	}
	return outcome, nil
}

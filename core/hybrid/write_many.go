// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// SetMany is [Cache.Set] for every entry of values. The distributed layer takes them
// in one call, one round trip for each of its servers, as far as no other write of a
// key is under way; the order of the writes of a key is kept. It is no transaction:
// others may see some of the values before the rest.
//
// The outcome is the worst of all. The error is a *core.Error around a
// core.KeyErrors[string] for the keys that failed, as Set would have.
func (c *Cache[V]) SetMany(ctx context.Context, values map[string]V, opts ...core.Option) (core.Outcome, error) {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	return setMany(ctx, c, writes[string]{core.OpSet, keys, keys, opts}, values)
}

// RemoveMany is [Cache.Remove] for many keys, as [Cache.SetMany] is Set. A key that
// is given twice is removed once.
func (c *Cache[V]) RemoveMany(ctx context.Context, keys []string, opts ...core.Option) (core.Outcome, error) {
	return removeMany(ctx, c, writes[string]{core.OpRemove, keys, keys, opts})
}

// writes are the writes of many keys, whose texts are the keys as the view has them.
type writes[K comparable] struct {
	op    core.Op
	keys  []K
	texts []string
	opts  []core.Option
}

func setMany[K comparable, V any](ctx context.Context, c *Cache[V], w writes[K], values map[K]V) (core.Outcome, error) {
	return writeMany(ctx, c, w, func(full []string, at []int, o *core.EntryOptions) []coherence.Written {
		now := c.stack.clock.Now()
		entries := make([]*core.Entry, len(full))
		for i := range full {
			entries[i] = core.Live(values[w.keys[at[i]]], o.Meta(now, now))
		}
		return c.stack.writer.SetMany(ctx, full, entries, c.codec, o)
	})
}

func removeMany[K comparable, V any](ctx context.Context, c *Cache[V], w writes[K]) (core.Outcome, error) {
	return writeMany(ctx, c, w, func(full []string, _ []int, o *core.EntryOptions) []coherence.Written {
		return c.stack.writer.RemoveMany(ctx, full, o)
	})
}

// writeMany does what writes of many keys have in common. do gets the full keys of
// those that are valid, and their indexes.
func writeMany[K comparable, V any](
	ctx context.Context, c *Cache[V], w writes[K], do func(full []string, at []int, o *core.EntryOptions) []coherence.Written,
) (core.Outcome, error) {
	o, err := c.resolve(w.opts)
	if c.stack.closed.Load() {
		err = core.ErrClosed
	} else if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return 0, &core.Error{Op: w.op, Err: err}
	}
	errs := core.KeyErrors[K]{}
	var full []string
	var at []int
	seen := make(map[string]bool, len(w.texts))
	for i, text := range w.texts {
		if err := c.check(text); err != nil {
			errs[w.keys[i]] = err
		} else if !seen[text] {
			seen[text] = true
			full, at = append(full, c.prefix+text), append(at, i)
		}
	}
	worst := core.Committed
	for i, done := range do(full, at, o) {
		if done.Err != nil {
			errs[w.keys[at[i]]] = done.Err
		}
		worst = worse(worst, done.Outcome)
	}
	if len(errs) > 0 {
		return worst, &core.Error{Op: w.op, Err: errs}
	}
	return worst, nil
}

// worse returns the worse of two outcomes; none at all is the worst.
func worse(a, b core.Outcome) core.Outcome {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}

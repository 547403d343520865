// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"cmp"
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
	return writeMany(ctx, c, w, func(all []coherence.Writing, at []int) []coherence.Written {
		now, stamps := c.stack.clock.Now(), c.stack.writer.StampMany(ctx, all)
		for i := range all {
			m := all[i].Options.Meta(now, now)
			m.Stamp = stamps[i]
			all[i].Entry = core.Live(values[w.keys[at[i]]], m)
		}
		return c.stack.writer.SetMany(ctx, all, c.codec)
	})
}

func removeMany[K comparable, V any](ctx context.Context, c *Cache[V], w writes[K]) (core.Outcome, error) {
	return writeMany(ctx, c, w, func(all []coherence.Writing, _ []int) []coherence.Written {
		return c.stack.writer.RemoveMany(ctx, all)
	})
}

// writeMany does what writes of many keys have in common. do gets those whose keys
// and options are valid, and the indexes of the keys.
func writeMany[K comparable, V any](
	ctx context.Context, c *Cache[V], w writes[K], do func(all []coherence.Writing, at []int) []coherence.Written,
) (core.Outcome, error) {
	err := ctx.Err()
	if c.stack.closed.Load() {
		err = core.ErrClosed
	}
	o, wrong := c.resolve(w.opts)
	if err = cmp.Or(err, wrong); err != nil {
		return 0, &core.Error{Op: w.op, Err: err}
	}
	errs := core.KeyErrors[K]{}
	var all []coherence.Writing
	var at []int
	worst := core.Committed
	seen := make(map[string]bool, len(w.texts))
	for i, text := range w.texts {
		own, err := c.admit(text, o, w.opts)
		if err != nil {
			errs[w.keys[i]], worst = err, 0
		} else if !seen[text] {
			seen[text] = true
			all, at = append(all, coherence.Writing{Key: c.prefix + text, Options: own}), append(at, i)
		}
	}
	for i, done := range do(all, at) {
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

// admit returns the options of one of many keys, which are o unless each may have some of
// its own, or why the key cannot be used.
func (c *Cache[V]) admit(key string, o *core.EntryOptions, opts []core.Option) (*core.EntryOptions, error) {
	if err := c.check(key); err != nil || c.perKey == nil {
		return o, err
	}
	return c.resolveFor(key, opts)
}

// worse returns the worse of two outcomes; none at all is the worst.
func worse(a, b core.Outcome) core.Outcome {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}

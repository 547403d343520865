// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import "github.com/fusioncache-go/fusioncache/core"

// PerKey returns a view like c, with the same keys, whose options are refined for
// each key by what f returns: after those of the view, and before those of the call.
//
// f is called by every operation, hits too, from many goroutines at once. It must be
// quick, should return slices made before, and must not keep key. Options that it
// gives and that contradict others are an error of the call; there is no core.Advice on
// them.
func (c *Cache[V]) PerKey(f func(key string) []core.Option) *Cache[V] {
	n := &Cache[V]{stack: c.stack, prefix: c.prefix, codec: c.codec, base: c.base, options: c.options, perKey: f}
	n.values.New = func() any { return new(V) }
	return n
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// Status is what a cache has for a key.
type Status uint8

// The statuses.
const (
	Absent  Status = iota // nothing
	Fresh                 // a value that is served
	Stale                 // a value that only fail-safe, and who asks for it, gets
	Missing               // the answer of a factory that there is no value
)

// String returns the lower-case name of the status.
func (s Status) String() string {
	names := [...]string{"absent", "fresh", "stale", "missing"}
	if int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}

// Item is what [Cache.Lookup] tells of a key. The zero Item is one of which nothing
// is known.
type Item[V any] struct {
	// Value is the value, if Status is Fresh or Stale.
	Value  V
	Status Status

	// Level is where the value was found.
	Level core.Level

	// Age is the time since the value was made: since its factory began, or Set.
	Age time.Duration

	// Remaining is what is left of the logical life in this node's memory;
	// core.Forever for no end. Zero once it has ended. [Cache.Explain] tells the life
	// in the distributed layer, too.
	Remaining time.Duration

	// StaleFor is the time since the logical life has ended by itself. It is zero
	// before, and for a value whose life was ended in another way.
	StaleFor time.Duration

	// Usable is for how much longer fail-safe can use the value; core.Forever for no
	// end.
	Usable time.Duration

	// Tags are the tags that the value was stored with. They belong to the caller.
	Tags []string

	// ETag and LastModified are what the source said of the value, if it did.
	ETag         string
	LastModified time.Time
}

// Lookup returns what memory or the distributed layer has for key, and all that is
// known about it. A stale value is returned too. It calls no factory, and no server
// if memory has a fresh value. It fails as [Cache.Get] does.
func (c *Cache[V]) Lookup(ctx context.Context, key string, opts ...core.Option) (Item[V], error) {
	var item Item[V]
	res, o, err := c.lookup(ctx, key, opts)
	if err == nil && res.Entry != nil {
		item, err = c.item(res, o)
	}
	if err != nil {
		return Item[V]{}, &core.Error{Op: core.OpGet, Key: key, Err: err}
	}
	return item, nil
}

// Lookup is [Cache.Lookup].
func (k *Keyed[K, V]) Lookup(ctx context.Context, key K, opts ...core.Option) (Item[V], error) {
	return k.cache.Lookup(ctx, k.text(key), opts...)
}

// lookup sends a request that takes a stale answer, too.
func (c *Cache[V]) lookup(ctx context.Context, key string, opts []core.Option) (core.Result, *core.EntryOptions, error) {
	if err := c.check(key); err != nil {
		return core.Result{}, nil, err
	}
	resolved, err := c.resolveFor(key, opts)
	if err != nil {
		return core.Result{}, nil, err
	}
	o := *resolved
	o.AllowStale = true
	full := c.prefix + key
	held, _ := c.stack.memory.Get(full)
	res, err := c.stack.paths.read(ctx, core.Request{Key: full, Options: &o, Codec: c.codec})
	if res.Stale && (held == nil || o.Skip.Has(core.SkipMemoryRead) || !held.Version().Same(res.Entry.Version())) {
		res.Level = core.LevelDistributed
	}
	return res, &o, err
}

// item describes what was found.
func (c *Cache[V]) item(res core.Result, o *core.EntryOptions) (item Item[V], err error) {
	now, m := c.stack.clock.Now(), res.Entry.Meta()
	item = Item[V]{
		Status: Fresh, Level: res.Level, Tags: slices.Clone(m.Stamp.Names()),
		Age: max(now.Sub(m.Born), 0), Remaining: max(m.Stale.Sub(now), 0), Usable: max(m.Dead.Sub(now), 0),
	}
	if res.Stale {
		item.Status, item.Remaining = Stale, 0
		if !coherence.Ended(&m) {
			item.StaleFor = max(now.Sub(m.Stale), 0)
		}
	}
	if x := m.Extra; x != nil {
		item.ETag = x.ETag
		if x.LastModified != 0 {
			item.LastModified = time.Unix(0, x.LastModified)
		}
	}
	if res.Entry.Missing() != nil {
		item.Status = Missing
		return item, nil
	}
	item.Value, err = c.value(res.Entry, o.Clone)
	return item, err
}

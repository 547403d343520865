// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Load is what a factory of [Cache.GetOrRefresh] knows of its load, and where it says
// how its result is to be stored. It is for the factory alone, until that returns.
type Load[V any] struct {
	// Key is the key, as the caller of the cache gave it.
	Key string

	stale    V
	held     *core.Entry // nil: there is no stale value
	same     bool        // the value is the stale one
	options  []core.Option
	etag     string
	modified time.Time
}

var errNothingHeld = errors.New("no value is held that could not have been modified")

// newLoad returns the load of key. The entry that is held may be negative, or of
// another view's type.
func newLoad[V any](key string, held *core.Entry) *Load[V] {
	l := &Load[V]{Key: key}
	if held == nil || held.Missing() != nil {
		return l
	}
	if v, ok := core.Value[V](held); ok {
		l.stale, l.held = v, held
	}
	return l
}

// Stale returns the value that is still there, if any: one whose life has ended, or
// ends soon. It may be shared, and must not be changed.
func (l *Load[V]) Stale() (v V, ok bool) { return l.stale, l.held != nil }

// ETag returns what SetETag was given for the stale value.
func (l *Load[V]) ETag() string {
	if l.held == nil || l.held.Extra() == nil {
		return ""
	}
	return l.held.Extra().ETag
}

// LastModified returns what SetLastModified was given for the stale value.
func (l *Load[V]) LastModified() (t time.Time) {
	if l.held == nil || l.held.Extra() == nil || l.held.Extra().LastModified == 0 {
		return t
	}
	return time.Unix(0, l.held.Extra().LastModified).UTC()
}

// SetETag sets the validator of the value that the factory is going to return, for
// the load after this one. It is kept on all levels if it has at most
// core.MaxETagLen bytes; otherwise there is none.
func (l *Load[V]) SetETag(etag string) { l.etag = etag }

// SetLastModified sets the time of the last change of the value that the factory is
// going to return, as SetETag.
func (l *Load[V]) SetLastModified(t time.Time) { l.modified = t }

// Options changes the options that the result is stored by: its lives, tags, size,
// what it skips. Options that say how to wait, or what to do if the factory fails, have
// had their effect before. Further calls add to the earlier.
func (l *Load[V]) Options(opts ...core.Option) { l.options = append(l.options, opts...) }

// Skip has the result stored nowhere. Who waits for this load gets it too; the next
// caller loads again.
func (l *Load[V]) Skip() {
	l.Options(core.Without(core.SkipMemoryWrite | core.SkipDistributedWrite | core.SkipNotify))
}

// NotModified is for a factory to return when its source has said that the stale
// value is still the right one. It gets a new life, and keeps its validators and
// tags. Without a stale value it is an error.
//
// An entry that was expired, alone or by tag, counts as stale; one that was removed
// does not.
func (l *Load[V]) NotModified() (V, error) {
	if l.held == nil {
		return l.stale, errNothingHeld
	}
	l.same, l.etag, l.modified = true, l.ETag(), l.LastModified()
	l.Options(core.Tags(l.held.Stamp().Names()...))
	return l.stale, nil
}

// Fail is for a factory to return that knows that it cannot answer now: the stale
// value is served if the options allow it, and no listener hears of an error. With
// nothing to serve, the caller gets why.
func (l *Load[V]) Fail(why error) (v V, err error) {
	if why == nil {
		why = errors.New("factory has no answer")
	}
	return v, core.Decline(why)
}

// GetOrRefresh is [Cache.GetOrSet] with a factory that sees what is there already,
// and decides how its result is stored.
func (c *Cache[V]) GetOrRefresh(ctx context.Context, key string, factory func(ctx context.Context, l *Load[V]) (V, error), opts ...core.Option) (V, error) {
	if factory == nil {
		return noFactory[V](key)
	}
	v, found := c.hit(key, opts)
	if found == fresh {
		return v, nil
	}
	return c.load(ctx, key, adaptive[V]{c, factory}, found, opts)
}

// adaptive is the factory of GetOrRefresh.
type adaptive[V any] struct {
	cache *Cache[V]
	call  func(ctx context.Context, l *Load[V]) (V, error)
}

// Load implements core.Factory.
func (f adaptive[V]) Load(ctx context.Context, r core.Request) (*core.Entry, error) {
	e, _, err := f.LoadAdaptive(ctx, r)
	return e, err
}

// LoadAdaptive implements core.Adaptive.
func (f adaptive[V]) LoadAdaptive(ctx context.Context, r core.Request) (*core.Entry, *core.EntryOptions, error) {
	born := f.cache.stack.clock.Now()
	l := newLoad[V](r.Key[len(f.cache.prefix):], r.Held)
	v, err := f.call(ctx, l)
	if len(l.options) > 0 {
		o := core.Resolve(*r.Options, l.options)
		if wrong := f.cache.validate(o); wrong != nil {
			return nil, nil, wrong
		}
		o = o.WithDefaults()
		r.Options = &o
	}
	e, err := f.cache.made(v, err, r, born)
	if err != nil || e.Missing() != nil {
		return e, r.Options, err
	}
	m := e.Meta().Validated(l.etag, l.modified)
	if l.same && reflect.DeepEqual(v, l.stale) {
		m.Version = l.held.Version() // other nodes that hold that write need not read it again
	}
	return e.With(m), r.Options, nil
}

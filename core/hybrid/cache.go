// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"errors"
	"fmt"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// Cache is a view on a [Stack] for values of type V. Its keys are its own: no
// other view of the stack sees them. Safe for concurrent use.
//
// With a memory layer of objects all readers of a key share one value, which
// nobody may change; a layer of bytes gives every reader its own, except that all
// who waited for one load share its result. With core.Clone nothing is shared.
type Cache[V any] struct {
	stack   *Stack
	prefix  string
	codec   *codec[V]
	base    core.EntryOptions // as given
	options core.EntryOptions // complete
	perKey  func(key string) []core.Option
	values  sync.Pool // *V, to decode into
}

// Of returns the view of s for values of type V, called name. Every view of a
// stack has a name of its own: two views of one name share their keys, and must
// have one type. opts refine the stack's entry options for this view.
//
// It fails on an empty name, one of more than 128 bytes, and on options that
// contradict each other. Options that are probably not meant so are a core.Advice
// event, as with [New]; those of [Cache.PerKey] and of calls are not looked at.
func Of[V any](s *Stack, name string, opts ...core.Option) (*Cache[V], error) {
	if s == nil {
		return nil, &core.Error{Op: core.OpOpen, Err: errors.New("stack is nil")}
	}
	if name == "" || len(name) > maxNameLen {
		return nil, &core.Error{Op: core.OpOpen, Err: fmt.Errorf("name of a view must have 1 to %d bytes", maxNameLen)}
	}
	c := &Cache[V]{stack: s, prefix: viewPrefix(name)}
	c.codec = &codec[V]{core.NewCodec[V](s.parts), c}
	c.base = core.Resolve(s.defaults, opts)
	c.options = c.base.WithDefaults()
	c.values.New = func() any { return new(V) }
	if err := c.validate(c.base); err != nil {
		return nil, &core.Error{Op: core.OpOpen, Err: fmt.Errorf("view %q: %w", name, err)}
	}
	s.advise(fmt.Sprintf("view %q: ", name), &c.base, &s.defaults)
	return c, nil
}

// Must returns v, and panics if err is not nil. It is for package variables,
// main functions and examples.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Options returns the entry options of the view, complete.
func (c *Cache[V]) Options() core.EntryOptions { return c.options }

// Stack returns the stack that the view is on.
func (c *Cache[V]) Stack() *Stack { return c.stack }

// resolve returns the complete options of a call for any key, nil if each may have some
// of its own: those of the call alone need not go together then.
func (c *Cache[V]) resolve(opts []core.Option) (*core.EntryOptions, error) {
	if c.perKey != nil {
		return nil, nil
	}
	return c.refine(nil, opts)
}

// resolveFor returns the complete options of a call for one key. Without options of its
// own it allocates nothing.
func (c *Cache[V]) resolveFor(key string, opts []core.Option) (*core.EntryOptions, error) {
	if c.perKey == nil {
		return c.refine(nil, opts)
	}
	return c.refine(c.perKey(key), opts)
}

func (c *Cache[V]) refine(own, opts []core.Option) (*core.EntryOptions, error) {
	if len(own) == 0 && len(opts) == 0 {
		return &c.options, nil
	}
	o := new(core.EntryOptions)
	*o = c.base
	for _, opt := range own {
		opt.Apply(o)
	}
	for _, opt := range opts {
		opt.Apply(o)
	}
	if err := c.validate(*o); err != nil {
		return nil, err
	}
	*o = o.WithDefaults()
	return o, nil
}

// validate returns all that is wrong with o on the stack of c.
func (c *Cache[V]) validate(o core.EntryOptions) error {
	err := o.Validate()
	refuse := func(broken bool, option, why string) {
		if broken {
			err = errors.Join(err, &core.OptionError{Option: "EntryOptions." + option, Err: errors.New(why)})
		}
	}
	refuse(o.Clone && c.stack.parts == nil, "Clone", "needs the stack's Serializer")
	refuse(o.FailSafeDefault != nil && !c.codec.Holds(o.FailSafeDefault), "FailSafeDefault", "is not of the view's type")
	refuse(o.Push && !c.stack.pushes && !c.stack.null, "Push", "needs the stack's Distributed and MessageKeys")
	refuse(o.Push && c.stack.conceals, "Push", "would show values that the stack's Distributed conceals")
	refuse(o.NodeLock > 0 && c.stack.nodeLock == nil && !c.stack.null, "NodeLock", "needs the stack's Locker")
	return err
}

// check returns why a call cannot be made, or nil.
func (c *Cache[V]) check(key string) error {
	if c.stack.closed.Load() {
		return core.ErrClosed
	}
	if len(key) == 0 || len(key) > core.MaxKeyLen {
		return core.ErrKey
	}
	return nil
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package lazy has a context that costs next to nothing until somebody asks whether it
// has ended.
package lazy

import (
	"context"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Context is a context that can be ended, or ends after a time, as those of package
// context do; but it makes such a one only for who asks for its end. Neither a factory
// that does not, nor [Await], needs one: that saves a miss eight allocations and a
// timer. Make one with Init. Safe for concurrent use.
type Context struct {
	parent   context.Context
	limit    core.TimeoutError // why it ends by time
	deadline time.Time         // zero: it does not end by time
	patience bool

	mu     sync.Mutex
	made   context.Context // nil until somebody asks
	cancel context.CancelCauseFunc
	late   *core.TimeoutError // cause of its end by time, if made
	over   bool
	why    error // cause of its end, if over

	children *timed // that end with it
}

// Init makes c a context that is derived from parent and ends with End.
func (c *Context) Init(parent context.Context) { c.parent = parent }

// InitLimit makes c one that ends after limit.After at the latest, because of limit.
// End has to be called all the same.
func (c *Context) InitLimit(parent context.Context, limit core.TimeoutError) {
	c.parent, c.limit, c.deadline = parent, limit, time.Now().Add(limit.After)
}

// InitPatience is InitLimit for who alone calls End, and not before it has ceased to
// wait: a timer does for [Timers.Await] then.
func (c *Context) InitPatience(parent context.Context, limit core.TimeoutError) {
	c.InitLimit(parent, limit)
	c.patience = true
}

// Ends reports whether ctx can end; unlike Done it makes nothing.
func Ends(ctx context.Context) bool {
	if _, ok := ctx.(*Context); ok {
		return true
	}
	return ctx.Done() != nil
}

// End ends c because of cause; nil stands for context.Canceled. Only the first end
// counts.
func (c *Context) End(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	c.over, c.why = true, cause
	if c.cancel != nil {
		c.cancel(cause)
	}
	for child := c.children; child != nil; child = child.next {
		child.end(context.Canceled)
	}
	c.children = nil
}

// real returns the context that does the work.
func (c *Context) real() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.made != nil:
	case c.over || c.deadline.IsZero():
		c.made, c.cancel = context.WithCancelCause(c.parent)
		if c.over {
			c.cancel(c.why)
		}
	default:
		late := c.limit // for those who keep the error, but need not keep the context
		made, cancel := context.WithDeadlineCause(c.parent, c.deadline, &late)
		c.made, c.late, c.cancel = made, &late, func(error) { cancel() }
	}
	return c.made
}

// runs reports whether c has not ended so far, without making anything.
func (c *Context) runs() bool {
	c.mu.Lock()
	made, over := c.made, c.over
	c.mu.Unlock()
	switch {
	case made != nil:
		return made.Err() == nil
	case over || c.parent.Err() != nil:
		return false
	}
	return c.deadline.IsZero() || time.Now().Before(c.deadline)
}

// Late returns why c has ended if its own time has ended it, and nil otherwise.
func (c *Context) Late() *core.TimeoutError {
	if c.runs() {
		return nil
	}
	cause := context.Cause(c.real())
	if c.late == nil || cause != error(c.late) {
		return nil
	}
	return c.late
}

// Deadline implements context.Context.
func (c *Context) Deadline() (time.Time, bool) {
	d, ok := c.parent.Deadline()
	if c.deadline.IsZero() || ok && d.Before(c.deadline) {
		return d, ok
	}
	return c.deadline, true
}

// Done implements context.Context.
func (c *Context) Done() <-chan struct{} { return c.real().Done() }

// Err implements context.Context.
func (c *Context) Err() error {
	if c.runs() {
		return nil
	}
	return c.real().Err()
}

// Value implements context.Context. With a key that is a pointer to an int, package
// context asks for the context whose end it wants to know.
func (c *Context) Value(key any) any {
	if _, ok := key.(*int); ok {
		return c.real().Value(key)
	}
	return c.parent.Value(key)
}

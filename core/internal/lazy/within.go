// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package lazy

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Limited is a context with a time limit. Call End when it is not needed any more.
type Limited struct {
	context.Context
	own    *timed
	cancel context.CancelFunc // if it is not own
}

// End ends the context.
func (l Limited) End() {
	if l.own == nil {
		l.cancel()
		return
	}
	l.own.End()
}

// Within is context.WithTimeout, and takes two allocations instead of five: its timer
// is used again. That is for a parent that cannot end or whose end this package
// knows; for others it is context.WithTimeout itself.
func (t *Timers) Within(parent context.Context, limit time.Duration) Limited {
	root, _ := parent.(*Context)
	if root == nil && parent.Done() != nil || root != nil && Ends(root.parent) {
		ctx, cancel := context.WithTimeout(parent, limit)
		return Limited{ctx, nil, cancel}
	}
	c := &timed{parent: parent, root: root, timers: t, deadline: time.Now().Add(limit)}
	if end, ok := parent.Deadline(); ok && end.Before(c.deadline) {
		c.deadline = end
	}
	if root != nil {
		root.adopt(c)
	}
	return Limited{c, c, nil}
}

// timed is a context that ends at its deadline, or with its root. Safe for concurrent
// use.
type timed struct {
	parent   context.Context
	root     *Context // that; nil if it cannot end
	next     *timed   // of the same root; guarded by its lock
	timers   *Timers
	deadline time.Time

	mu    sync.Mutex
	done  chan struct{} // nil until somebody asks
	alarm *alarm        // set when done is made, until the end
	err   error         // why it has ended
	after []*func()     // to call then
}

// End ends c, if it has not ended yet.
func (c *timed) End() {
	if c.root != nil {
		c.root.release(c)
	}
	c.end(context.Canceled)
}

func (c *timed) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	if c.done != nil {
		close(c.done)
	}
	if c.alarm != nil {
		c.timers.unset(c.alarm)
		c.alarm = nil
	}
	for _, f := range c.after {
		go (*f)()
	}
	c.after = nil
}

// Deadline implements context.Context.
func (c *timed) Deadline() (time.Time, bool) { return c.deadline, true }

// Value implements context.Context.
func (c *timed) Value(key any) any { return c.parent.Value(key) }

// Err implements context.Context.
func (c *timed) Err() error {
	c.mu.Lock()
	err, set := c.err, c.alarm != nil
	c.mu.Unlock()
	if err == nil && !set && !time.Now().Before(c.deadline) {
		c.end(context.DeadlineExceeded)
		return c.Err()
	}
	return err
}

// Done implements context.Context.
func (c *timed) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done != nil {
		return c.done
	}
	c.done = make(chan struct{})
	left := time.Until(c.deadline)
	if c.err == nil && left <= 0 {
		c.err = context.DeadlineExceeded
	}
	if c.err != nil {
		close(c.done)
	} else {
		c.alarm = c.timers.set(c, left)
	}
	return c.done
}

// AfterFunc is what package context uses to end contexts that are derived from c.
func (c *timed) AfterFunc(f func()) (stop func() bool) {
	c.Done() // has the deadline watched
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	c.after = append(c.after, &f)
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		at := slices.Index(c.after, &f)
		if at >= 0 {
			c.after = slices.Delete(c.after, at, at+1)
		}
		return at >= 0
	}
}

// alarm is a timer that ends contexts, one after another.
type alarm struct {
	timer  *time.Timer
	target atomic.Pointer[timed]
}

func (a *alarm) ring() { a.target.Load().end(context.DeadlineExceeded) }

// set returns an alarm that ends c when the time that is left is over.
func (t *Timers) set(c *timed, left time.Duration) *alarm {
	a, used := t.alarms.Get().(*alarm)
	if !used {
		a = new(alarm)
	}
	a.target.Store(c)
	if used {
		a.timer.Reset(left)
	} else {
		a.timer = time.AfterFunc(left, a.ring)
	}
	return a
}

// unset takes an alarm back, unless it is just ringing.
func (t *Timers) unset(a *alarm) {
	if a.timer.Stop() {
		a.target.Store(nil)
		t.alarms.Put(a)
	}
}

// adopt has child end when c does by [Context.End].
func (c *Context) adopt(child *timed) {
	c.mu.Lock()
	over := c.over
	if !over {
		child.next, c.children = c.children, child
	}
	c.mu.Unlock()
	if over {
		child.end(context.Canceled)
	}
}

// release is the opposite of adopt.
func (c *Context) release(child *timed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for at := &c.children; *at != nil; at = &(*at).next {
		if *at == child {
			*at = child.next
			return
		}
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Call is one flight. It is also the context that its handler gets: the first
// caller's values without its cancellation.
//
// Invariants, guarded by the lock of the key's shard: a call is in the shard's
// calls exactly while its token is valid and it has not ended; waiters counts
// the callers inside Do.
type Call struct {
	group   *Group
	token   core.Token
	parent  context.Context
	outer   *Call // the flight whose factory asked for this one
	request core.Request
	next    core.Handler

	waiters int
	done    chan struct{}           // made when somebody waits on it
	cancel  context.CancelCauseFunc // nil when run on the caller's goroutine
	orphan  bool
	ended   bool

	result core.Result // written once before done is closed
	err    error
}

// Request returns what the flight was started with.
func (c *Call) Request() core.Request { return c.request }

// Outcome returns what an ended flight came to.
func (c *Call) Outcome() (core.Result, error) { return c.result, c.err }

type callKey struct{}

// from returns the flight that ctx belongs to, or nil.
func from(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey{}).(*Call)
	return c
}

// loads reports whether c, or a flight that c serves, loads key for g.
func (c *Call) loads(g *Group, key string) bool {
	for ; c != nil; c = c.outer {
		if c.group == g && c.request.Key == key {
			return true
		}
	}
	return false
}

// Deadline, Done, Err and Value make a Call the root context of its handler.

// Deadline returns none.
func (c *Call) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done returns nil: the cancellable context is derived from the call.
func (c *Call) Done() <-chan struct{} { return nil }

// Err returns nil.
func (c *Call) Err() error { return nil }

// Value returns the first caller's values.
func (c *Call) Value(key any) any {
	if _, ok := key.(callKey); ok {
		return c
	}
	return c.parent.Value(key)
}

// start runs the call on a goroutine that the group owns.
func (c *Call) start() {
	ctx, cancel := context.WithCancelCause(c)
	s := c.group.shard(c.request.Key)
	s.mu.Lock()
	c.cancel = cancel
	c.lazyDone()
	s.mu.Unlock()
	go c.run(ctx)
}

// lazyDone makes the channel to wait on. The shard's lock is held.
func (c *Call) lazyDone() {
	if c.done == nil {
		c.done = make(chan struct{})
	}
}

// run calls the handler and ends the call, whatever way the handler takes.
func (c *Call) run(ctx context.Context) {
	defer c.group.running.Done()
	returned := false
	defer func() {
		if !returned {
			p := recover()
			if p == nil {
				p = core.ErrGoexit
			}
			c.result, c.err = core.Result{}, &core.PanicError{Value: p, Stack: debug.Stack()}
		}
		c.end()
	}()
	c.result, c.err = c.next(ctx, c.request)
	returned = true
}

// end publishes the result.
func (c *Call) end() {
	g := c.group
	s := g.shard(c.request.Key)
	s.mu.Lock()
	if s.calls[c.request.Key] == c {
		delete(s.calls, c.request.Key)
	}
	delete(s.gone, c)
	c.ended = true
	alone := c.waiters == 0
	done, cancel, orphan := c.done, c.cancel, c.orphan
	s.mu.Unlock()

	g.active.Add(-1)
	if orphan {
		g.orphans.Add(-1)
	}
	if cancel != nil {
		cancel(nil)
	}
	if done != nil {
		close(done)
	}
	if alone && g.onEnd != nil {
		g.onEnd(c)
	}
}

// wait returns the result, or the cause of ctx's end if that comes first.
func (c *Call) wait(ctx context.Context, outer *Call) (core.Result, error) {
	defer c.group.nesting.leave(outer, c)
	select {
	case <-c.done:
		return c.result, c.err
	case <-ctx.Done():
	}
	cause := reason(ctx)
	s := c.group.shard(c.request.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.ended {
		return c.result, c.err
	}
	c.waiters--
	if c.waiters == 0 && (c.request.Options.CancelOnTimeout || c.group.closed.Load()) {
		s.retire(c)
		c.stop(cause)
	}
	return core.Result{}, cause
}

// stop ends the context of a retired call. The call is an orphan until its
// handler returns. The shard's lock is held.
func (c *Call) stop(cause error) {
	if c.cancel == nil || c.orphan {
		return
	}
	c.orphan = true
	c.group.orphans.Add(1)
	c.cancel(cause)
}

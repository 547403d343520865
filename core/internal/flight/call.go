// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lazy"
)

// Call is one flight. It is also the context that its handler gets: the first
// caller's values without its cancellation.
//
// Invariants, guarded by the lock of the key's shard: a call is in the shard's
// calls or gone until it has ended, and in calls only while it can be joined;
// waiters counts the callers inside Do.
type Call struct {
	group   *Group
	token   core.Token
	ended   atomic.Bool // here, where there is room: with its request, a call of more than 320 bytes takes 352
	parent  context.Context
	outer   *Call                   // the flight whose factory asked for this one
	mates   atomic.Pointer[[]*Call] // flights whose values this one's factory makes, too; nil for none
	leader  *Call                   // the flight that this one is a mate of; guarded by the lock of nesting
	request *core.Request           // in one piece with the call, or one that its fleet was asked
	next    core.Handler            // nil in a fleet
	began   core.Instant
	turn    *turn  // nil if it runs alone, and at once
	era     uint64 // of the group, when the call was made

	waiters int
	done    chan struct{}   // made when somebody waits on it
	ctx     context.Context // what the handler gets
	own     *lazy.Context   // that; nil when run on the caller's goroutine, or in a fleet
	fleet   *Fleet          // that the call was begun by, or nil
	halted  atomic.Bool     // its fleet has been told that it needs no context
	orphan  bool

	result core.Result // written once before done is closed
	err    error
}

// overdue reports whether the call takes more than twice its factory's budget.
// Those who wait go on waiting; nobody joins it any more.
func (c *Call) overdue() bool {
	limit := c.request.Options.LoadTimeout
	if limit == 0 && c.cancels() {
		limit = core.DefaultLoadTimeout
	}
	if limit == 0 || limit == core.Forever {
		return false
	}
	return c.group.clock.Now().Sub(max(c.began, c.group.turns.came(c.turn)))/2 >= limit
}

// newCall returns the flight of a first caller, ready to run.
func (g *Group) newCall(ctx context.Context, r core.Request, next core.Handler, outer *Call) *Call {
	if lazy.Ends(ctx) {
		return g.newApart(ctx, r, next, outer)
	}
	a := new(struct { // one allocation
		call    Call
		request core.Request
	})
	a.request = r
	a.call.init(g, ctx, &a.request, next, outer)
	return &a.call
}

// newApart returns a flight that is to run on a goroutine of its own.
func (g *Group) newApart(ctx context.Context, r core.Request, next core.Handler, outer *Call) *Call {
	a := new(struct { // one allocation
		call    Call
		request core.Request
		ctx     lazy.Context
	})
	c := &a.call
	a.request = r
	c.init(g, ctx, &a.request, next, outer)
	a.ctx.Init(c)
	c.ctx, c.own = &a.ctx, &a.ctx
	c.lazyDone()
	return c
}

func (c *Call) init(g *Group, ctx context.Context, r *core.Request, next core.Handler, outer *Call) {
	c.group, c.parent, c.outer, c.request, c.next = g, ctx, outer, r, next
	c.waiters, c.began, c.era = 1, g.clock.Now(), g.era.Load()
	c.request.Token = &c.token
	c.ctx = c
}

// cancels reports whether the context of the handler can end.
func (c *Call) cancels() bool { return c.own != nil || c.fleet != nil }

// halt ends the context of the handler, that of a fleet with the last of its calls.
func (c *Call) halt(cause error) {
	switch {
	case c.fleet != nil:
		c.fleet.halt(c, cause)
	case c.own != nil:
		c.own.End(cause)
	}
}

// Request returns what the flight was started with.
func (c *Call) Request() core.Request { return *c.request }

// Began returns when the flight was started.
func (c *Call) Began() core.Instant { return c.began }

// Outcome returns what an ended flight came to.
func (c *Call) Outcome() (core.Result, error) { return c.result, c.err }

type callKey struct{}

// from returns the flight that ctx belongs to, or nil.
func from(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey{}).(*Call)
	return c
}

// loads reports whether c, or a flight that c serves, is loading key for g. One
// that has ended is not, though work that it left behind may still have its
// context.
func (c *Call) loads(g *Group, key string) bool {
	for ; c != nil; c = c.outer {
		if c.is(g, key) {
			return true
		}
		if mates := c.mates.Load(); mates != nil && slices.ContainsFunc(*mates, func(m *Call) bool { return m.is(g, key) }) {
			return true
		}
	}
	return false
}

func (c *Call) is(g *Group, key string) bool {
	return c.group == g && c.request.Key == key && !c.ended.Load()
}

// serves reports whether c is o, or was started for o's factory.
func (c *Call) serves(o *Call) bool {
	for ; c != nil; c = c.outer {
		if c == o {
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

// lazyDone makes the channel to wait on. The shard's lock is held, unless nobody
// else knows the call yet.
func (c *Call) lazyDone() {
	if c.done == nil {
		c.done = make(chan struct{})
	}
}

// run calls the handler and ends the call.
func (c *Call) run() {
	c.runAs(func() (core.Result, error) { return c.next(c.ctx, *c.request) })
}

// runAs ends the call with what handle returns, or whatever other way it takes.
func (c *Call) runAs(handle func() (core.Result, error)) {
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
	if c.err = c.awaitTurn(); c.err == nil {
		c.result, c.err = handle()
	}
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
	c.ended.Store(true)
	alone := c.waiters == 0
	done, orphan := c.done, c.orphan
	s.mu.Unlock()

	g.turns.give(companyOf(c.request.Factory), c.turn)
	if orphan {
		g.orphans.Add(-1)
	}
	c.halt(nil)
	if done != nil {
		close(done)
	}
	if alone && g.onEnd != nil {
		g.onEnd(c)
	}
}

// wait returns the result, or the cause of ctx's end if that comes before done.
func (c *Call) wait(ctx context.Context, outer *Call, done <-chan struct{}) (core.Result, error) {
	defer c.group.nesting.leave(outer, c)
	if c.group.timers.Await(ctx, done) {
		if c.group.waker != nil {
			c.group.waker.Woken(ctx)
		}
		return c.result, c.err
	}
	cause := reason(ctx)
	s := c.group.shard(c.request.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.ended.Load() {
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
	if c.cancels() {
		c.disown()
		c.halt(cause)
	}
}

// abandon makes a retired call an orphan. Its context ends only if nobody waits: a
// caller that comes later changes nothing for those who came before. The shard's
// lock is held.
func (c *Call) abandon(cause error) {
	if c.waiters == 0 {
		c.stop(cause)
		return
	}
	c.disown()
}

func (c *Call) disown() {
	if !c.orphan {
		c.orphan = true
		c.group.orphans.Add(1)
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"runtime/debug"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lazy"
)

// Fleet is the flights of several requests, those that were under way joined and
// those that were not begun together. Whoever has one calls Wait once for each
// request.
type Fleet struct {
	outer *Call
	asked []core.Request
	seats []seat
	calls []Call  // in one piece, those that are not begun yet
	begun []*Call // by this fleet, to be run
	over  chan struct{}

	ctx    context.Context // of those; ends when all of them are stopped
	cancel context.CancelCauseFunc
	aboard atomic.Int64 // calls begun and not stopped
}

// seat is one request's flight, or why there is none.
type seat struct {
	call *Call
	err  error
}

// Prepare does what requests have in common, such as one question to a server,
// and returns what then answers each of them, by its place among them. The requests
// have their tokens and are not to be changed.
type Prepare func(ctx context.Context, rs []core.Request) (answer func(i int) (core.Result, error))

// Together joins or begins the flight of each of rs, which have different keys; it
// keeps rs, and gives those tokens whose flights it begins.
// Those begun are prepared as one and handled one after the other. A panic in the
// handler of one request is no other's.
//
// That is done on a goroutine of its own, with the values of ctx but not its
// cancellation; or before Together returns if ctx can never end and atOnce says that
// nobody is going to wait with less patience.
func (g *Group) Together(ctx context.Context, rs []core.Request, atOnce bool, prepare Prepare) *Fleet {
	f := &Fleet{outer: from(ctx), asked: rs, seats: make([]seat, len(rs)), calls: make([]Call, len(rs)), over: make(chan struct{})}
	f.begun = make([]*Call, 0, len(rs))
	f.ctx, f.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	for i := range rs {
		f.seats[i] = g.board(ctx, f, &rs[i])
	}
	switch {
	case len(f.begun) == 0:
		f.cancel(nil)
		close(f.over)
	case atOnce && !lazy.Ends(ctx):
		f.run(prepare)
	default:
		go func() {
			makeRoom(false)
			f.run(prepare)
		}()
	}
	return f
}

func (g *Group) board(ctx context.Context, f *Fleet, r *core.Request) seat {
	if f.outer.loads(g, r.Key) {
		return seat{err: core.ErrRecursiveLoad}
	}
	if ctx.Err() != nil {
		return seat{err: reason(ctx)}
	}
	c, joined, err := g.enter(*r, f.outer, false, func() *Call { return f.member(ctx, g, r) })
	if err == nil && !joined {
		f.begun = append(f.begun, c)
	}
	return seat{c, err}
}

// Wait returns the outcome of request i, or the cause of ctx's end if that comes
// first.
func (f *Fleet) Wait(ctx context.Context, i int) (core.Result, error) {
	c := f.seats[i].call
	switch {
	case c == nil:
		return core.Result{}, f.seats[i].err
	case c.fleet == f:
		return c.wait(ctx, f.outer, f.over)
	}
	return c.wait(ctx, f.outer, c.done)
}

// member returns the flight of r, a call of the fleet.
func (f *Fleet) member(ctx context.Context, g *Group, r *core.Request) *Call {
	c := &f.calls[0]
	f.calls = f.calls[1:]
	c.init(g, ctx, r, nil, f.outer)
	f.aboard.Add(1)
	c.ctx, c.fleet = f.ctx, f
	return c
}

// halt ends the context of the fleet with the last of its calls.
func (f *Fleet) halt(c *Call, cause error) {
	if c.halted.CompareAndSwap(false, true) && f.aboard.Add(-1) == 0 {
		f.cancel(cause)
	}
}

// run handles the calls of the fleet. Whatever way the handler takes, all of them
// end.
func (f *Fleet) run(prepare Prepare) {
	defer close(f.over)
	left := f.begun
	var failure error = &core.PanicError{Value: core.ErrGoexit}
	defer func() {
		if p := recover(); p != nil {
			failure = &core.PanicError{Value: p, Stack: debug.Stack()}
		}
		for _, c := range left {
			c.fail(failure)
		}
	}()
	answer := prepare(f.ctx, f.own())
	for i, c := range f.begun {
		left = left[1:]
		c.runAs(func() (core.Result, error) { return answer(i) })
	}
}

// own returns the requests whose calls the fleet has begun: most often all.
func (f *Fleet) own() []core.Request {
	if len(f.begun) == len(f.asked) {
		return f.asked
	}
	rs := make([]core.Request, len(f.begun))
	for i, c := range f.begun {
		rs[i] = *c.request
	}
	return rs
}

// fail ends a call that was not run.
func (c *Call) fail(err error) {
	defer c.group.running.Done()
	c.err = err
	c.end()
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// maxDetached is how many operations may run in goroutines of their own.
const maxDetached = 1024

// errBusy is returned instead of starting one more.
var errBusy = errors.New("too many operations hang")

// guard keeps deadlines that the connection does not keep. To send something, a
// call needs the lock of the connection, and whoever holds it may be stuck in a
// write to a server that has stopped reading, for as long as
// [nats.FlusherTimeout]. Running every call in a goroutine of its own would cost
// a fifth of the throughput, so the guard does it only while the newest call
// that has ended was one that got no answer in time.
type guard struct {
	doubt    atomic.Bool
	detached chan struct{} // one element per goroutine
}

func newGuard() *guard { return &guard{detached: make(chan struct{}, maxDetached)} }

// doubtful reports whether calls should run detached. Such a call may go on
// after its caller has left and must not use what belongs to the caller.
func (g *guard) doubtful() bool { return g.doubt.Load() }

// note takes the outcome of a call.
func (g *guard) note(ctx context.Context, err error) {
	if doubt := err != nil && ctx.Err() != nil; doubt != g.doubt.Load() {
		g.doubt.Store(doubt)
	}
}

// wait waits for the goroutines of all calls and lets no further one start.
func (g *guard) wait() {
	for range maxDetached {
		g.detached <- struct{}{}
	}
}

// call runs op with a context that ends with ctx or when the connection breaks.
// A detached op is left behind when ctx ends.
func call[T any](ctx context.Context, l *Layer, detached bool, op func(context.Context) (T, error)) (T, error) {
	bound := func() (T, error) {
		limited, release := l.link.bind(ctx)
		defer release()
		v, err := op(limited)
		if ctx.Err() == nil && limited.Err() != nil && errors.Is(err, context.Canceled) {
			err = context.Cause(limited)
		}
		if errors.Is(err, nats.ErrReconnectBufExceeded) {
			err = nats.ErrDisconnected // it has broken just now: nothing is kept for later
		}
		l.guard.note(ctx, err)
		return v, err
	}
	if !detached {
		return bound()
	}
	return detach(ctx, l.guard, bound)
}

// detach runs op in a goroutine and waits for it or for the end of ctx.
func detach[T any](ctx context.Context, g *guard, op func() (T, error)) (T, error) {
	var none T
	select {
	case g.detached <- struct{}{}:
	default:
		return none, errBusy
	}
	type outcome struct {
		v   T
		err error
	}
	ended := make(chan outcome, 1)
	go func() {
		defer func() { <-g.detached }()
		v, err := op()
		ended <- outcome{v, err}
	}()
	select {
	case o := <-ended:
		return o.v, o.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

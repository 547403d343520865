// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package natslink is what the adapters on nats.go have in common: it keeps the
// deadlines that a connection does not keep.
package natslink

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// errBusy is returned instead of starting one more.
var errBusy = errors.New("too many operations hang")

// Guard stands between callers and a connection. To send something, or to forget a
// request, a call needs the lock of the connection, and whoever holds it may be
// stuck: in an attempt to reconnect, or in a write to a server that has stopped
// reading, for as long as [nats.FlusherTimeout]. A call in a goroutine of its own
// can be left behind. That costs a fifth of the throughput of a busy connection, so
// the guard also tells when it is needed: while the newest call that has ended was
// one that got no answer in time.
type Guard struct {
	link     *link
	doubt    atomic.Bool
	detached chan struct{} // one element per goroutine
}

// New returns a guard of a connection that lets so many operations run in
// goroutines of their own. It has a goroutine itself, which ends with [Guard.End]
// or with the connection.
func New(conn *nats.Conn, limit int) *Guard {
	return &Guard{link: newLink(conn), detached: make(chan struct{}, limit)}
}

// Err returns nil while the connection is up, and otherwise why it is not. It does
// not wait.
func (g *Guard) Err() error { return g.link.err() }

// Change takes a new state of the connection.
func (g *Guard) Change(status nats.Status) { g.link.change(status) }

// Doubtful reports whether calls should run detached. Such a call may go on
// after its caller has left and must not use what belongs to the caller.
func (g *Guard) Doubtful() bool { return g.doubt.Load() }

// Note takes the outcome of a call.
func (g *Guard) Note(ctx context.Context, err error) {
	if doubt := err != nil && ctx.Err() != nil; doubt != g.doubt.Load() {
		g.doubt.Store(doubt)
	}
}

// End makes all calls end, as if the connection were closed, and reports whether
// this was the first call of it.
func (g *Guard) End() (first bool) { return g.link.close() }

// Wait waits for the goroutines of all calls and lets no further one start. It may
// be called once.
func (g *Guard) Wait() {
	for range cap(g.detached) {
		g.detached <- struct{}{}
	}
}

// Call runs op with a context that ends with ctx or when the connection breaks.
// A detached op is left behind then.
func Call[T any](ctx context.Context, g *Guard, detached bool, op func(context.Context) (T, error)) (T, error) {
	limited, release := g.link.bind(ctx)
	defer release()
	bound := func() (T, error) {
		v, err := op(limited)
		if limited.Err() != nil && errors.Is(err, context.Canceled) {
			err = why(ctx, limited)
		}
		if errors.Is(err, nats.ErrReconnectBufExceeded) {
			err = nats.ErrDisconnected // it has broken just now: nothing is kept for later
		}
		g.Note(ctx, err)
		return v, err
	}
	if !detached {
		return bound()
	}
	return detach(ctx, limited, g, bound)
}

// detach runs op in a goroutine and waits for it or for the end of limited.
func detach[T any](ctx, limited context.Context, g *Guard, op func() (T, error)) (T, error) {
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
	case <-limited.Done():
	}
	select {
	case o := <-ended: // what has been done just in time is not to be lost
		return o.v, o.err
	default:
		return none, why(ctx, limited)
	}
}

// why returns the reason for which limited, which was derived from ctx, is done.
func why(ctx, limited context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return context.Cause(limited)
}

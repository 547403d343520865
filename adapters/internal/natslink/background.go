// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslink

import (
	"context"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// link follows the state of a connection. Asking the connection itself can take
// seconds, because it holds its lock while it dials: then every operation would
// wait that long instead of failing at once. Besides, a connection that breaks
// lets those who wait for an answer wait on; the link lets them go.
type link struct {
	conn   *nats.Conn
	events chan nats.Status
	now    atomic.Pointer[period]
	closed atomic.Bool
	ended  chan struct{} // closed when follow has returned
}

// period is the time from one change of the connection to the next. Its context
// is done if the connection is down, and the cause says why.
type period struct {
	ctx context.Context
	end context.CancelCauseFunc
}

// newLink returns a link whose goroutine ends with close or with the connection.
func newLink(conn *nats.Conn) *link {
	k := &link{conn: conn, events: conn.StatusChanged(), ended: make(chan struct{})}
	k.now.Store(newPeriod())
	status := conn.Status()
	if k.change(status); status == nats.CLOSED {
		close(k.ended) // no further change is told
	} else {
		go k.follow()
	}
	return k
}

// newPeriod returns a period in which the connection is up. It belongs to no
// caller, as it begins and ends with a connection.
func newPeriod() *period {
	ctx, end := context.WithCancelCause(context.Background())
	return &period{ctx, end}
}

// follow takes the changes. The connection drops what does not fit into the
// queue, so when a full one has been emptied the newest change may be missing.
func (k *link) follow() {
	defer close(k.ended)
	full := false
	for status := range k.events {
		full = full || len(k.events) == cap(k.events)-1
		if full && len(k.events) == 0 {
			status, full = k.conn.Status(), false
		}
		if k.change(status); status == nats.CLOSED {
			return
		}
	}
}

func (k *link) change(status nats.Status) {
	switch status {
	case nats.CONNECTED, nats.DRAINING_SUBS:
		if k.err() != nil {
			k.now.Store(newPeriod())
		}
	case nats.CLOSED:
		k.replace(nats.ErrConnectionClosed)
	default:
		k.replace(nats.ErrDisconnected)
	}
}

// replace ends the present period and begins one in which the connection is
// down.
func (k *link) replace(why error) {
	down := newPeriod()
	down.end(why)
	k.now.Swap(down).end(why)
}

// err returns nil while the connection is up, and otherwise why it is not.
func (k *link) err() error { return context.Cause(k.now.Load().ctx) }

// bind returns a context that ends with ctx or when the connection breaks.
// release must be called.
func (k *link) bind(ctx context.Context) (bound context.Context, release func()) {
	bound, cancel := context.WithCancelCause(ctx)
	up := k.now.Load().ctx
	stop := context.AfterFunc(up, func() { cancel(context.Cause(up)) })
	return bound, func() {
		stop()
		cancel(nil)
	}
}

// close stops following and reports whether this was the first call. Err says
// from then on that the connection is closed.
func (k *link) close() (first bool) {
	if !k.closed.CompareAndSwap(false, true) {
		return false
	}
	k.conn.RemoveStatusListener(k.events)
	<-k.ended
	k.replace(nats.ErrConnectionClosed)
	return true
}

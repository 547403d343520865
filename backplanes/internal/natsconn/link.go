// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package natsconn is what the backplanes on nats.go have in common: a look at the
// state of a connection.
package natsconn

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// Link tells whether a connection is up. Asking the connection itself can take
// seconds, because it holds its lock while it dials. So it listens to
// changes, as long as the connection lives.
type Link struct {
	conn   *nats.Conn
	events chan nats.Status
	status atomic.Int32

	mu sync.Mutex // held while events are taken
}

// NewLink returns the link of a connection.
func NewLink(conn *nats.Conn) *Link {
	k := &Link{conn: conn, events: conn.StatusChanged()}
	k.status.Store(int32(conn.Status()))
	return k
}

// Err returns nil while the connection is up, and otherwise why it is not.
func (k *Link) Err() error {
	if len(k.events) > 0 {
		k.update()
	}
	switch nats.Status(k.status.Load()) {
	case nats.CONNECTED, nats.DRAINING_SUBS:
		return nil
	case nats.CLOSED:
		return nats.ErrConnectionClosed
	default:
		return nats.ErrDisconnected
	}
}

// update takes the events that have piled up. The connection drops what does
// not fit, so after a full queue the newest may be missing.
func (k *Link) update() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for taken := 0; ; taken++ {
		select {
		case status := <-k.events:
			k.status.Store(int32(status))
		default:
			if taken >= cap(k.events) {
				k.status.Store(int32(k.conn.Status()))
			}
			return
		}
	}
}

// Bind returns a context that ends with ctx or when the connection breaks: those
// who wait for an answer would otherwise wait on. release must be called.
func (k *Link) Bind(ctx context.Context) (bound context.Context, release func()) {
	broken := k.conn.StatusChanged(nats.RECONNECTING, nats.CLOSED)
	bound, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-bound.Done():
		case <-broken:
			cancel(nats.ErrDisconnected)
		}
	})
	return bound, func() {
		cancel(nil)
		watching.Wait()
		k.conn.RemoveStatusListener(broken)
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslock

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// bound calls op with a context that ends with ctx or when the connection breaks:
// then an answer that was on its way does not come, nor the message of a release.
func (l *Locker) bound(ctx context.Context, ttl time.Duration, op func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if ttl <= 0 {
		return errTTL
	}
	conn := l.js.Conn()
	changes := conn.StatusChanged(nats.DISCONNECTED, nats.RECONNECTING, nats.CLOSED)
	limited, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		if _, changed := <-changes; changed {
			cancel(broken(conn))
		}
	})
	defer watching.Wait()
	defer conn.RemoveStatusListener(changes)
	defer cancel(nil)
	if conn.Status() != nats.CONNECTED {
		return broken(conn)
	}
	err := op(limited)
	if ctx.Err() == nil && limited.Err() != nil && errors.Is(err, context.Canceled) {
		err = context.Cause(limited)
	}
	return err
}

func broken(conn *nats.Conn) error {
	if conn.IsClosed() {
		return nats.ErrConnectionClosed
	}
	return nats.ErrDisconnected
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslock

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/core"
)

// lease implements [core.Lease].
type lease struct {
	locker  *Locker
	name    string
	subject string
	fence   uint64

	turn     chan struct{} // holds a token while one call changes the lease
	revision uint64        // of the last renewal
}

// Fence implements [core.Lease].
func (l *lease) Fence() uint64 { return l.fence }

// Renew implements [core.Lease]. The ttl is rounded up to a second.
func (l *lease) Renew(ctx context.Context, ttl time.Duration) error {
	err := l.change(ctx, func() error {
		last := l.revision
		revision, err := call(ctx, l.locker, ttl, func(ctx context.Context) (uint64, error) {
			return l.locker.put(ctx, l.subject, last, ttl)
		})
		if err == nil {
			l.revision = revision
		}
		return err
	})
	if isConflict(err) {
		err = core.ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("natslock: renew %q: %w", l.name, err)
	}
	return nil
}

// Release implements [core.Lease]. The marker stays for a second.
func (l *lease) Release(ctx context.Context) error {
	h := nats.Header{}
	h.Set(opHeader, opPurge)
	h.Set(jetstream.MsgTTLHeader, "1")
	err := l.change(ctx, func() error {
		last := l.revision
		_, err := call(ctx, l.locker, 1, func(ctx context.Context) (uint64, error) {
			return l.locker.bucket.publish(ctx, l.subject, last, h)
		})
		return err
	})
	if err != nil && !isConflict(err) {
		return fmt.Errorf("natslock: release %q: %w", l.name, err)
	}
	return nil
}

// change calls do when it is the turn of this call. An operation that is left behind
// goes on after that, so it is told the revision.
func (l *lease) change(ctx context.Context, do func() error) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}

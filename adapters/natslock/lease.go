// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslock

import (
	"context"
	"fmt"
	"sync"
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

	mu       sync.Mutex
	revision uint64 // of the last renewal
}

// Fence implements [core.Lease].
func (l *lease) Fence() uint64 { return l.fence }

// Renew implements [core.Lease]. The ttl is rounded up to a second.
func (l *lease) Renew(ctx context.Context, ttl time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.locker.bound(ctx, ttl, func(ctx context.Context) error {
		revision, err := l.locker.put(ctx, l.subject, l.revision, ttl)
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
	l.mu.Lock()
	defer l.mu.Unlock()
	h := nats.Header{}
	h.Set(opHeader, opPurge)
	h.Set(jetstream.MsgTTLHeader, "1")
	err := l.locker.bound(ctx, 1, func(ctx context.Context) error {
		_, err := l.locker.bucket.publish(ctx, l.subject, l.revision, h)
		return err
	})
	if err != nil && !isConflict(err) {
		return fmt.Errorf("natslock: release %q: %w", l.name, err)
	}
	return nil
}

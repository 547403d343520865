// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locallock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// ErrClosed is wrapped by the error of every call after Close.
var ErrClosed = errors.New("locker is closed")

var errTTL = errors.New("ttl must be positive")

// Locker is a [core.Locker] in memory. It has no goroutine: a lease that has ended
// is noticed by who asks next. Safe for concurrent use.
type Locker struct {
	mu     sync.Mutex
	held   map[string]*lease
	fence  uint64
	closed bool
}

var _ core.Locker = (*Locker)(nil)

// New returns a locker of which nothing is locked. All stacks that are to share
// locks get the same one.
func New() *Locker { return &Locker{held: make(map[string]*lease)} }

// TryLock implements [core.Locker].
func (l *Locker) TryLock(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refuses(ctx, ttl); err != nil {
		return nil, fmt.Errorf("locallock: lock %q: %w", name, err)
	}
	if l.holder(name) != nil {
		return nil, nil
	}
	l.fence++
	taken := &lease{locker: l, name: name, fence: l.fence, end: time.Now().Add(ttl), freed: make(chan struct{})}
	l.held[name] = taken
	return taken, nil
}

// Wait implements [core.Locker].
func (l *Locker) Wait(ctx context.Context, name string) error {
	for {
		l.mu.Lock()
		err := l.refuses(ctx, 1)
		holder := l.holder(name)
		var left time.Duration
		if holder != nil {
			left = time.Until(holder.end)
		}
		l.mu.Unlock()
		if err != nil {
			return fmt.Errorf("locallock: wait for %q: %w", name, err)
		}
		if holder == nil || holder.freedWithin(ctx, left) {
			return nil
		}
	}
}

// Close ends all leases; every later call but Release returns an error. It may be
// called more than once and always returns nil.
func (l *Locker) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, holder := range l.held {
		l.end(holder)
	}
	return nil
}

// refuses returns why a call cannot be made. The lock is held.
func (l *Locker) refuses(ctx context.Context, ttl time.Duration) error {
	switch {
	case l.closed:
		return ErrClosed
	case ttl <= 0:
		return errTTL
	}
	return ctx.Err()
}

// holder returns the lease of name that has not ended. The lock is held.
func (l *Locker) holder(name string) *lease {
	holder := l.held[name]
	if holder != nil && !time.Now().Before(holder.end) {
		l.end(holder)
		return nil
	}
	return holder
}

// end ends a lease that is held. The lock is held.
func (l *Locker) end(holder *lease) {
	delete(l.held, holder.name)
	close(holder.freed)
}

// lease implements [core.Lease]. end is guarded by the locker's lock.
type lease struct {
	locker *Locker
	name   string
	fence  uint64
	end    time.Time
	freed  chan struct{} // closed when the lease ends
}

// Fence implements [core.Lease].
func (l *lease) Fence() uint64 { return l.fence }

// Renew implements [core.Lease].
func (l *lease) Renew(ctx context.Context, ttl time.Duration) error {
	l.locker.mu.Lock()
	defer l.locker.mu.Unlock()
	err := l.locker.refuses(ctx, ttl)
	if err == nil && l.locker.holder(l.name) != l {
		err = core.ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("locallock: renew %q: %w", l.name, err)
	}
	l.end = time.Now().Add(ttl)
	return nil
}

// Release implements [core.Lease].
func (l *lease) Release(context.Context) error {
	l.locker.mu.Lock()
	defer l.locker.mu.Unlock()
	if l.locker.held[l.name] == l {
		l.locker.end(l)
	}
	return nil
}

// freedWithin waits until the lease ends, and reports whether it has; it may have
// been renewed after left.
func (l *lease) freedWithin(ctx context.Context, left time.Duration) bool {
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-l.freed:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// locks are those that the nodes share. They live at the store, and fail with it.
type locks struct {
	held  map[string]held // guarded by the lock of the store
	fence uint64
}

type held struct {
	fence uint64
	until instant
}

// lockPort is a node's connection to the locks.
type lockPort struct{ p *port }

var _ core.Locker = lockPort{}

// pollEvery is how soon a waiter is told that a lock is free.
const pollEvery = 5

// TryLock implements core.Locker.
func (l lockPort) TryLock(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
	var fence uint64
	err := l.change(ctx, name, func(all *locks, now instant) {
		if all.held[name].until > now {
			return
		}
		all.fence++
		fence = all.fence
		all.held[name] = held{fence, now + ttl}
	})
	if err != nil || fence == 0 {
		return nil, err
	}
	return &lease{l, name, fence}, nil
}

// Wait implements core.Locker.
func (l lockPort) Wait(ctx context.Context, name string) error {
	s := l.p.store
	lane := s.world.callLane(toLock)
	for {
		s.mu.Lock()
		free := s.locks.held[name].until <= s.world.now()
		s.mu.Unlock()
		if free {
			return nil
		}
		if err := s.world.sleep(ctx, lane, ms(pollEvery)); err != nil {
			return err
		}
		if l.p.node.dead.Load() {
			return errDead
		}
	}
}

// change does something to the locks, at the store.
func (l lockPort) change(ctx context.Context, name string, work func(all *locks, now instant)) error {
	s := l.p.store
	return l.p.call(ctx, name, true, nil, func() string {
		s.mu.Lock()
		defer s.mu.Unlock()
		work(&s.locks, s.world.now())
		return s.says("lock", name, nil)
	})
}

// lease is a lock that a node has.
type lease struct {
	lockPort
	name  string
	fence uint64
}

var _ core.Lease = (*lease)(nil)

// Fence implements core.Lease.
func (l *lease) Fence() uint64 { return l.fence }

// Renew implements core.Lease.
func (l *lease) Renew(ctx context.Context, ttl time.Duration) error {
	lost := false
	err := l.change(ctx, l.name, func(all *locks, now instant) {
		h := all.held[l.name]
		if lost = h.fence != l.fence || h.until <= now; !lost {
			all.held[l.name] = held{l.fence, now + ttl}
		}
	})
	if lost {
		return core.ErrLeaseLost
	}
	return err
}

// Release implements core.Lease.
func (l *lease) Release(ctx context.Context) error {
	return l.change(ctx, l.name, func(all *locks, _ instant) {
		if all.held[l.name].fence == l.fence {
			delete(all.held, l.name)
		}
	})
}

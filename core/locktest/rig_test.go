// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locktest_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/locallock"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/locktest"
)

var errDown = errors.New("service is down")

// rig is a lock service with a cable, whose nodes may have a defect.
type rig struct {
	breaks func(n *node) // nil: none
	change func(h *locktest.Harness)
}

func (r *rig) harness() locktest.Harness {
	h := locktest.Harness{New: r.open}
	if r.change != nil {
		r.change(&h)
	}
	return h
}

func (r *rig) open(testing.TB) locktest.Service {
	service := locallock.New()
	cut, hung := new(atomic.Bool), new(atomic.Bool)
	newNode := func(cut *atomic.Bool) core.Locker {
		n := newNode(service, cut, hung)
		if r.breaks != nil {
			r.breaks(n)
		}
		return n
	}
	return locktest.Service{
		Node: func() core.Locker { return newNode(cut) },
		Closed: func() core.Locker {
			closed := new(atomic.Bool)
			closed.Store(true)
			return newNode(closed)
		},
		Cut: func() func() {
			cut.Store(true)
			return func() { cut.Store(false) }
		},
		Hang: func() func() {
			hung.Store(true)
			return func() { hung.Store(false) }
		},
	}
}

// node is one process with the lock service. Its functions can be exchanged for
// broken ones.
type node struct {
	service *locallock.Locker
	cut     *atomic.Bool
	hung    *atomic.Bool
	try     func(ctx context.Context, name string, ttl time.Duration) (core.Lease, error)
	wait    func(ctx context.Context, name string) error
	lease   func(l *lease)
}

func newNode(service *locallock.Locker, cut, hung *atomic.Bool) *node {
	n := &node{service: service, cut: cut, hung: hung, lease: func(*lease) {}}
	n.try, n.wait = n.whole, n.waits
	return n
}

func (n *node) TryLock(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
	return n.try(ctx, name, ttl)
}
func (n *node) Wait(ctx context.Context, name string) error { return n.wait(ctx, name) }

// whole is TryLock without a defect, but for that of the lease.
func (n *node) whole(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
	if err := n.reach(ctx); err != nil {
		return nil, err
	}
	taken, err := n.service.TryLock(ctx, name, ttl)
	if err != nil || taken == nil {
		return nil, err
	}
	l := &lease{node: n, name: name, Lease: taken}
	l.fence = taken.Fence
	l.renew = func(ctx context.Context, ttl time.Duration) error {
		if err := n.reach(ctx); err != nil {
			return err
		}
		return taken.Renew(ctx, ttl)
	}
	l.release = func(ctx context.Context) error {
		if err := n.reach(ctx); err != nil {
			return err
		}
		return taken.Release(ctx)
	}
	n.lease(l)
	return l, nil
}

// waits is Wait without a defect.
func (n *node) waits(ctx context.Context, name string) error {
	if err := n.reach(ctx); err != nil {
		return err
	}
	return n.service.Wait(ctx, name)
}

// reach returns why the service cannot be reached.
func (n *node) reach(ctx context.Context) error {
	switch {
	case n.cut.Load():
		return errDown
	case n.hung.Load():
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Minute):
			return errDown
		}
	}
	return nil
}

type lease struct {
	core.Lease
	node    *node
	name    string
	renew   func(context.Context, time.Duration) error
	release func(context.Context) error
	fence   func() uint64
}

func (l *lease) Renew(ctx context.Context, ttl time.Duration) error { return l.renew(ctx, ttl) }
func (l *lease) Release(ctx context.Context) error                  { return l.release(ctx) }
func (l *lease) Fence() uint64                                      { return l.fence() }

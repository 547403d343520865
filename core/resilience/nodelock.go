// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// NodeLock makes one load out of those that several nodes begin for one key at a
// time: who gets the lock of the key loads, the others wait until it is free and
// find the result in the distributed layer.
//
// The lock saves loads and guards nothing: that no older value replaces a newer
// one is the work of the fill, which compares and sets. So a node waits for one
// load of another at most, and no longer than EntryOptions.NodeLock; then, or
// when the lock service fails, it loads without a lock. A service that has failed
// is left alone for a second.
//
// A lease lasts 5 s and is renewed while the load goes on. It ends when the
// result has been stored; a node that dies leaves it to its end.
//
// Safe for concurrent use. Close it when no load is under way any more.
type NodeLock struct {
	locker core.Locker
	prefix string
	again  core.Stage
	clock  core.Clock
	events *core.Events
	rest   atomic.Int64 // the instant until which the service is left alone

	leases *leases
}

// The constants of the lock.
const (
	leaseTTL  = 5 * time.Second
	renewal   = leaseTTL / 3
	lockPause = time.Second
)

// NewNodeLock returns a NodeLock whose locks are called as the keys, after prefix.
// again looks into the distributed layer once more: coherence.Reread. events may
// be nil.
func NewNodeLock(l core.Locker, prefix string, again core.Stage, clock core.Clock, events *core.Events) *NodeLock {
	return &NodeLock{locker: l, prefix: prefix, again: again, clock: clock, events: events, leases: newLeases()}
}

// Stage is the [core.Stage]. It belongs inside of Stampede, so that one caller of
// a node waits, and around the commit, so that the lock is held until the result
// can be found.
func (n *NodeLock) Stage(next core.Handler) core.Handler {
	look := n.again(next)
	return func(ctx context.Context, r core.Request) (core.Result, error) {
		if !n.applies(r) {
			return next(ctx, r)
		}
		lease, err := n.take(ctx, r)
		switch {
		case ctx.Err() != nil:
			return core.Result{}, context.Cause(ctx)
		case err != nil:
			n.failed(r.Key, err)
			return next(ctx, r)
		case lease == nil:
			return look(ctx, r)
		}
		defer n.keep(context.WithoutCancel(ctx), r, lease)()
		r.Foreground = true
		return look(ctx, r)
	}
}

// applies reports whether a result could be shared: the distributed layer was
// read, takes the result, and is not one that nobody else writes to.
func (n *NodeLock) applies(r core.Request) bool {
	const skips = core.SkipDistributedRead | core.SkipDistributedReadWhenStale | core.SkipDistributedWrite
	return r.Options.NodeLock > 0 && r.Factory != nil && r.Seen != nil && r.Options.Skip&skips == 0 &&
		int64(n.clock.Now()) >= n.rest.Load()
}

// take takes the lock of r.Key, perhaps after it has waited for another node. The
// lease is nil if the load has to go on without one.
func (n *NodeLock) take(ctx context.Context, r core.Request) (core.Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Options.NodeLock)
	defer cancel()
	lease, err := n.try(ctx, r)
	if lease != nil || err != nil {
		return lease, err
	}
	start := n.clock.Now()
	err = n.locker.Wait(ctx, n.prefix+r.Key)
	report(n.events, core.Event{Kind: core.LockWaited, Key: r.Key, Level: core.LevelLock, Took: n.clock.Now().Sub(start)})
	if ctx.Err() != nil {
		return nil, nil // patience has ended, and nothing has failed
	}
	if err != nil {
		return nil, err
	}
	return n.try(ctx, r)
}

func (n *NodeLock) try(ctx context.Context, r core.Request) (core.Lease, error) {
	within, cancel := context.WithTimeout(ctx, r.Options.DistributedTimeout)
	defer cancel()
	lease, err := n.locker.TryLock(within, n.prefix+r.Key, leaseTTL)
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		err = fmt.Errorf("no answer within %v: %w", r.Options.DistributedTimeout, err)
	}
	return lease, err
}

// keep renews the lease until the function that it returns is called, and then
// releases it, which nobody waits for. A lease that was taken after Close is left to
// its end.
func (n *NodeLock) keep(ctx context.Context, r core.Request, lease core.Lease) (release func()) {
	if !n.leases.enter() {
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		defer n.leases.held.Done()
		if !n.renew(ctx, r, lease, ended) {
			return
		}
		if err := n.leases.within(ctx, r.Options.DistributedTimeout, lease.Release); err != nil {
			n.failed(r.Key, err)
		}
	}()
	return func() { close(ended) }
}

// renew renews the lease until ended is closed, or returns false if it is lost.
func (n *NodeLock) renew(ctx context.Context, r core.Request, lease core.Lease, ended <-chan struct{}) (held bool) {
	for {
		select {
		case <-ended:
			return true
		case <-time.After(renewal): // not a ticker, which may be due at once after a renewal that hung
		}
		err := n.leases.within(ctx, r.Options.DistributedTimeout, func(ctx context.Context) error { return lease.Renew(ctx, leaseTTL) })
		if err != nil {
			n.failed(r.Key, err)
		}
		if errors.Is(err, core.ErrLeaseLost) {
			return false
		}
	}
}

// failed reports an error of the service. A lease that was lost says nothing of
// the service, nor does a caller that has gone.
func (n *NodeLock) failed(key string, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	if !errors.Is(err, core.ErrLeaseLost) {
		n.rest.Store(int64(n.clock.Now().Add(lockPause)))
	}
	report(n.events, core.Event{Kind: core.LayerFailed, Key: key, Level: core.LevelLock, Op: core.OpLock, Err: err})
}

// Close waits until all leases have been released, or ctx has ended: then those that
// are left end by themselves.
func (n *NodeLock) Close(ctx context.Context) error { return n.leases.close(ctx) }

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"fmt"
	"sync"
)

// BackgroundLimits bound what runs in the background.
type BackgroundLimits struct {
	Workers int // goroutines at a time; zero: 16
	Pending int // jobs at a time; more run on their caller's goroutine; zero: 10,000
}

// background runs admitted jobs on a few goroutines, which exist only while
// there is work.
//
// Invariant, under mu: pending counts the jobs admitted and not yet finished;
// idle is closed once closed is set and both pending and workers are zero.
type background struct {
	limits BackgroundLimits
	ctx    context.Context
	cancel context.CancelFunc
	idle   chan struct{}

	mu      sync.Mutex
	ready   []func(context.Context)
	workers int
	pending int
	closed  bool
	settled bool
}

func newBackground(limits BackgroundLimits) *background {
	if limits.Workers == 0 {
		limits.Workers = 16
	}
	if limits.Pending == 0 {
		limits.Pending = 10_000
	}
	b := &background{limits: limits, idle: make(chan struct{})}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

// admit counts a job in, which must then reach run. It returns false when there
// are too many, or after close.
func (b *background) admit() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.pending >= b.limits.Pending {
		return false
	}
	b.pending++
	return true
}

// run hands an admitted job to a worker.
func (b *background) run(work func(context.Context)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready = append(b.ready, work)
	if b.workers < b.limits.Workers {
		b.workers++
		go b.worker()
	}
}

func (b *background) worker() {
	for {
		work := b.next()
		if work == nil {
			return
		}
		work(b.ctx)
		b.mu.Lock()
		b.pending--
		b.mu.Unlock()
	}
}

// next returns a job, or nil when the worker is to end.
func (b *background) next() func(context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ready) == 0 {
		b.workers--
		b.settle()
		return nil
	}
	work := b.ready[0]
	b.ready[0] = nil
	b.ready = b.ready[1:]
	return work
}

func (b *background) settle() {
	if b.closed && b.pending == 0 && b.workers == 0 && !b.settled {
		b.settled = true
		close(b.idle)
	}
}

// close admits no more and waits for the rest, or until ctx ends.
func (b *background) close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.settle()
	b.mu.Unlock()
	defer b.cancel()
	select {
	case <-b.idle:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.settled {
		return nil // both at once
	}
	return fmt.Errorf("%d background writes not flushed: %w", b.pending, context.Cause(ctx))
}

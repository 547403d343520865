// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// BackgroundLimits bound what runs in the background.
type BackgroundLimits struct {
	// Workers is the number of goroutines at a time. Zero: 16.
	Workers int

	// Pending is the number of jobs at a time; more run on their caller's goroutine.
	// Zero: 10,000.
	Pending int
}

// job is admitted work that has the turn of its key.
type job struct {
	key   string
	alone func(context.Context)

	// together does the jobs of many changes in one go; nil if that cannot be.
	together func(context.Context, []*change)
	change   *change
}

// maxJobs bounds the jobs that are done in one go.
const maxJobs = 64

// background runs admitted jobs on a few goroutines, which exist only while
// there is work.
//
// Invariant, under mu: pending counts the jobs admitted and not yet finished;
// idle is closed once closed is set and both pending and workers are zero.
type background struct {
	limits BackgroundLimits
	pass   func(key string) // called when a job is done
	ctx    context.Context
	cancel context.CancelFunc
	idle   chan struct{}

	mu      sync.Mutex
	ready   []job
	workers int
	pending int
	closed  bool
	settled bool
}

func newBackground(limits BackgroundLimits, pass func(key string)) *background {
	if limits.Workers == 0 {
		limits.Workers = 16
	}
	if limits.Pending == 0 {
		limits.Pending = 10_000
	}
	b := &background{limits: limits, pass: pass, idle: make(chan struct{})}
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
func (b *background) run(j job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready = append(b.ready, j)
	if b.workers < b.limits.Workers {
		b.workers++
		go b.worker()
	}
}

func (b *background) worker() {
	for {
		jobs := b.next()
		if len(jobs) == 0 {
			return
		}
		b.do(jobs)
		b.mu.Lock()
		b.pending -= len(jobs)
		b.mu.Unlock()
	}
}

func (b *background) do(jobs []job) {
	defer func() {
		for _, j := range jobs {
			b.pass(j.key)
		}
	}()
	if len(jobs) == 1 {
		jobs[0].alone(b.ctx)
		return
	}
	changes := make([]*change, len(jobs))
	for i, j := range jobs {
		changes[i] = j.change
	}
	jobs[0].together(b.ctx, changes)
}

// next returns a job, or several that can be done in one go, as far as they wait one
// behind the other. It returns none when the worker is to end.
func (b *background) next() []job {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ready) == 0 {
		b.workers--
		b.settle()
		return nil
	}
	n := 0
	for n < min(len(b.ready), maxJobs) && b.ready[n].together != nil {
		n++
	}
	n = max(n, 1)
	jobs := slices.Clone(b.ready[:n])
	clear(b.ready[:n])
	b.ready = b.ready[n:]
	return jobs
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

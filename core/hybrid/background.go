// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"fmt"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// background owns the goroutines of a stack: one that hears from the other
// nodes, one that says that this one lives, one that makes good what failed.
type background struct {
	cancel context.CancelFunc
	jobs   sync.WaitGroup
}

// start runs jobs until stop.
func (b *background) start(jobs ...func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	for _, job := range jobs {
		b.jobs.Go(func() { job(ctx) })
	}
}

// stop ends the jobs and waits for them, or until ctx ends.
func (b *background) stop(ctx context.Context) error {
	if b.cancel == nil {
		return nil
	}
	b.cancel()
	done := make(chan struct{})
	go func() {
		b.jobs.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("background work has not ended: %w", context.Cause(ctx))
	}
}

// run starts what the parts of the stack need.
func (s *Stack) run() {
	var jobs []func(context.Context)
	if s.receiver != nil {
		jobs = append(jobs, s.receiver.Beat, func(ctx context.Context) { s.receiver.Run(ctx, s.health.backplane) })
	}
	if s.writer.Recovery != nil {
		jobs = append(jobs, s.writer.Recover)
	}
	if len(jobs) > 0 {
		s.background.start(jobs...)
	}
}

// goodbye tells the other nodes that this one ends; otherwise they would trust
// their memory less for a while.
func (s *Stack) goodbye(ctx context.Context) {
	if s.writer.Notifier == nil {
		return
	}
	within, cancel := context.WithTimeout(ctx, core.DefaultDistributedTimeout)
	defer cancel()
	_ = s.writer.Notifier.Goodbye(within)
}

// undo closes the plugins of a stack that is not to be.
func (s *Stack) undo() error {
	ctx, cancel := context.WithTimeout(context.Background(), core.DefaultDistributedTimeout)
	defer cancel()
	return s.plugins.Close(ctx)
}

// requireDistributed asks the distributed layer for a sign of life.
func (s *Stack) requireDistributed() error {
	ctx, cancel := context.WithTimeout(context.Background(), core.DefaultDistributedTimeout)
	defer cancel()
	if err := s.Health(ctx).Distributed; err != nil {
		return &core.OptionError{Option: "Options.RequireDistributed", Err: err}
	}
	return nil
}

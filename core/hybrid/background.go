// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"fmt"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// listener owns the goroutines that hear from the other nodes and say that this
// one lives.
type listener struct {
	receiver *coherence.Receiver // nil without a backplane
	notifier *coherence.Notifier
	cancel   context.CancelFunc
	done     chan struct{}
}

func (l *listener) start(b core.Backplane, n *coherence.Notifier) {
	if l.receiver == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.notifier, l.cancel, l.done = n, cancel, make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() { l.receiver.Run(ctx, b) })
	both.Go(func() { l.receiver.Beat(ctx) })
	go func() {
		both.Wait()
		close(l.done)
	}()
}

// stop says goodbye, without which the other nodes would trust their memory less
// for a while, and ends the subscription.
func (l *listener) stop(ctx context.Context) error {
	if l.cancel == nil {
		return nil
	}
	within, done := context.WithTimeout(ctx, core.DefaultDistributedTimeout)
	_ = l.notifier.Goodbye(within)
	done()
	l.cancel()
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("subscription still open: %w", context.Cause(ctx))
	}
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

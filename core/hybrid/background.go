// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// listener owns the goroutine that hears from the other nodes.
type listener struct {
	receiver *coherence.Receiver // nil without a backplane
	cancel   context.CancelFunc
	done     chan struct{}
}

func (l *listener) start(b core.Backplane) {
	if l.receiver == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel, l.done = cancel, make(chan struct{})
	go func() {
		defer close(l.done)
		l.receiver.Run(ctx, b)
	}()
}

func (l *listener) stop(ctx context.Context) error {
	if l.cancel == nil {
		return nil
	}
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

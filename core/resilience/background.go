// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// leases counts the leases that are renewed and released in the background.
type leases struct {
	open context.Context // ends when close waits for no lease any more
	end  context.CancelFunc

	mu     sync.Mutex
	closed bool
	held   sync.WaitGroup
}

func newLeases() *leases {
	l := new(leases)
	l.open, l.end = context.WithCancel(context.Background())
	return l
}

// enter counts a lease in, which then has to be done with, unless l is closed.
func (l *leases) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.held.Add(1)
	}
	return !l.closed
}

// within makes a call about a lease with the limit d. It is of no use when the lease
// has ended by itself, nor when close waits no more.
func (l *leases) within(ctx context.Context, d time.Duration, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, min(d, leaseTTL))
	defer cancel()
	defer context.AfterFunc(l.open, cancel)()
	return call(ctx)
}

// close waits until all leases are done with, or ctx has ended.
func (l *leases) close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	done := make(chan struct{})
	go func() {
		l.held.Wait()
		close(done)
	}()
	defer l.end()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("locks still held: %w", context.Cause(ctx))
	}
}

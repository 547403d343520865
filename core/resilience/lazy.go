// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// budget is a context that ends after a time, as context.WithTimeoutCause makes it, but
// makes that only for who asks whether it has ended. A factory that does not saves seven
// allocations and a timer.
type budget struct {
	context.Context // the parent
	key             string
	after           time.Duration
	deadline        time.Time

	mu     sync.Mutex
	made   context.Context // nil until somebody asks
	cancel context.CancelFunc
	over   bool
}

func newBudget(ctx context.Context, key string, after time.Duration) *budget {
	b := &budget{Context: ctx, key: key, after: after, deadline: time.Now().Add(after)}
	if earlier, ok := ctx.Deadline(); ok && earlier.Before(b.deadline) {
		b.deadline = earlier
	}
	return b
}

// real returns the context that does the work.
func (b *budget) real() context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made == nil {
		b.made, b.cancel = context.WithDeadlineCause(b.Context, b.deadline, &core.TimeoutError{Key: b.key, After: b.after})
		if b.over {
			b.cancel()
		}
	}
	return b.made
}

// end cancels the context.
func (b *budget) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	if b.cancel != nil {
		b.cancel()
	}
}

// Deadline implements context.Context.
func (b *budget) Deadline() (time.Time, bool) { return b.deadline, true }

// Done implements context.Context.
func (b *budget) Done() <-chan struct{} { return b.real().Done() }

// Err implements context.Context.
func (b *budget) Err() error { return b.real().Err() }

// Value implements context.Context. What package context looks for in a context that
// it has asked whether it has ended is in the real one.
func (b *budget) Value(key any) any {
	b.mu.Lock()
	made := b.made
	b.mu.Unlock()
	if made != nil {
		return made.Value(key)
	}
	return b.Context.Value(key)
}

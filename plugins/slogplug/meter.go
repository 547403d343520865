// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package slogplug

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// meter lets the first events of a window through and counts the others. A
// window begins with an event and ends by a timer, so that nothing runs while
// nothing happens. What was let through and what is reported add up to all
// events.
type meter struct {
	limit  int64
	window time.Duration
	report func(suppressed int64)

	seen atomic.Int64 // in this window

	mu     sync.Mutex
	closed bool
	timer  *time.Timer
	ended  chan struct{} // closed when the timer's function returns
}

// admit reports whether an event may be logged.
func (m *meter) admit() bool {
	n := m.seen.Add(1)
	if n == 1 {
		m.begin()
	}
	return n <= m.limit
}

func (m *meter) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	ended := make(chan struct{})
	m.ended = ended
	m.timer = time.AfterFunc(m.window, func() {
		defer close(ended)
		m.end()
	})
}

func (m *meter) end() {
	if suppressed := m.seen.Swap(0) - m.limit; suppressed > 0 {
		m.report(suppressed)
	}
}

// close ends the window at once. There is no other after it.
func (m *meter) close(ctx context.Context) error {
	m.mu.Lock()
	m.closed = true
	timer, ended := m.timer, m.ended
	m.mu.Unlock()
	if timer == nil {
		return nil
	}
	if timer.Stop() {
		close(ended)
		m.end()
		return nil
	}
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

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
	ends   sync.WaitGroup // of windows: one may still be reported when the next begins
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
	m.ends.Add(1)
	m.timer = time.AfterFunc(m.window, m.end)
}

func (m *meter) end() {
	defer m.ends.Done()
	if suppressed := m.seen.Swap(0) - m.limit; suppressed > 0 {
		m.report(suppressed)
	}
}

// close ends the window at once, and waits until all are reported. There is no other
// after it.
func (m *meter) close(ctx context.Context) error {
	m.mu.Lock()
	m.closed = true
	timer := m.timer
	m.mu.Unlock()
	if timer == nil {
		return nil
	}
	if timer.Stop() {
		m.end()
	}
	ended := make(chan struct{})
	go func() { m.ends.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

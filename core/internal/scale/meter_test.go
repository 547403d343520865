// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package scale

import (
	"sync"
	"testing/synctest"
	"time"
)

// meter notes when something happened. The time is that of the bubble.
type meter struct {
	mu sync.Mutex
	at []time.Time
}

func (m *meter) add() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = append(m.at, time.Now())
}

// take returns what happened since it was last called.
func (m *meter) take() tally {
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.at
	m.at = nil
	return at
}

// tally is when something happened, in order.
type tally []time.Time

// peak returns how often it happened at most within any stretch of time of the
// given length.
func (t tally) peak(within time.Duration) (most int) {
	first := 0
	for i, at := range t {
		for at.Sub(t[first]) >= within {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package cachetest

import (
	"context"
	"sync"
	"time"
)

// script is how the calls of a part go. The zero script lets all succeed at once.
type script struct {
	mu    sync.Mutex
	err   error
	delay time.Duration
	calls int
}

// Fail makes calls fail with err from now on; nil heals.
func (s *script) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Delay makes calls take d from now on, or until their context ends.
func (s *script) Delay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// Calls returns the number of calls so far, those that failed included.
func (s *script) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// play waits and fails as the script says.
func (s *script) play(ctx context.Context) error {
	s.mu.Lock()
	s.calls++
	err, delay := s.err, s.delay
	s.mu.Unlock()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

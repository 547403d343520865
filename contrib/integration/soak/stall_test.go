// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package soak_test

import (
	"sync"
	"time"
)

// stalls measures how long this process got no processor: a loaded machine is no
// fault of the cache.
type stalls struct {
	began time.Time
	stop  chan struct{}
	owned sync.WaitGroup

	mu   sync.Mutex
	list []stall
}

type stall struct{ from, to time.Duration }

const (
	stallTick = 10 * time.Millisecond
	stallMin  = 40 * time.Millisecond
)

func newStalls() *stalls {
	s := &stalls{began: time.Now(), stop: make(chan struct{})}
	s.owned.Go(s.watch)
	return s
}

func (s *stalls) watch() {
	tick := time.NewTicker(stallTick)
	defer tick.Stop()
	last := time.Since(s.began)
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		now := time.Since(s.began)
		if now-last > stallMin {
			s.mu.Lock()
			s.list = append(s.list, stall{last, now})
			s.mu.Unlock()
		}
		last = now
	}
}

// between returns how long the process stood still in a span of time.
func (s *stalls) between(from, to time.Duration) (sum time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.list) - 1; i >= 0 && s.list[i].to >= from; i-- {
		sum += max(0, min(s.list[i].to, to)-max(s.list[i].from, from))
	}
	return sum
}

// end stops the measuring and returns the sum.
func (s *stalls) end() (sum time.Duration) {
	close(s.stop)
	s.owned.Wait()
	for _, p := range s.list {
		sum += p.to - p.from
	}
	return sum
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"errors"
	"runtime"
	"sync"
)

var errSource = errors.New("the source has failed")

// source is the source of truth: a version for each key. Whoever writes holds
// the key's turn from before he writes here until his cache has taken the write:
// otherwise the program, and not the cache, would be to blame for the order.
type source struct {
	world *world

	mu       sync.Mutex
	versions []uint64
	turns    []chan struct{} // holds a token while free
}

func newSource(w *world, keys int) *source {
	s := &source{world: w, versions: make([]uint64, keys), turns: make([]chan struct{}, keys)}
	for i := range s.turns {
		s.versions[i] = 1
		s.turns[i] = make(chan struct{}, 1)
		s.turns[i] <- struct{}{}
	}
	return s
}

func (s *source) read(key int) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.versions[key]
}

// write makes the next version of a key.
func (s *source) write(key int) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions[key]++
	return s.versions[key]
}

// take waits for the turn of a key, free gives it back.
func (s *source) take(key int) { <-s.turns[key] }
func (s *source) free(key int) { s.turns[key] <- struct{}{} }

// ending is how a factory ends.
type ending uint8

const (
	returns ending = iota
	fails
	panics
	exits
	endings
)

// recipe says what a factory does.
type recipe struct {
	before, after instant // until it reads the source, and from then on
	end           ending
	deaf          bool // does not heed its context
}

// load is a factory.
func (s *source) load(ctx context.Context, key int, r recipe, origin int) (value, error) {
	w := s.world
	lane := w.callLane()
	v := value{Key: uint16(key), Origin: uint16(origin), Made: w.now()}
	if r.deaf {
		ctx = context.WithoutCancel(ctx)
	}
	if err := w.sleep(ctx, lane, r.before); err != nil {
		return value{}, err
	}
	v.Version = s.read(key)
	if err := w.sleep(ctx, lane, r.after); err != nil {
		return value{}, err
	}
	switch r.end {
	case fails:
		return value{}, errSource
	case panics:
		mustPanic()
	case exits:
		runtime.Goexit()
	}
	return v, nil
}

// mustPanic is what a factory does that panics: it divides by zero.
func mustPanic() {
	zero := 0
	_ = 1 / zero
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherencetest"
)

var errSource = errors.New("the source has failed")

// source is the source of truth: a version for each key. Whoever writes holds
// the key's turn from before he writes here until his cache has taken the write:
// otherwise the program, and not the cache, would be to blame for the order.
type source struct {
	world *world

	mu       sync.Mutex
	dice     dice
	versions []uint64
	turns    []chan struct{} // holds a token while free
	running  map[flight][]*core.Token
}

// flight names the factories that must not run twice.
type flight struct {
	node *node
	key  int
}

func newSource(w *world, keys int) *source {
	s := &source{
		world: w, dice: newDice(), versions: make([]uint64, keys),
		turns: make([]chan struct{}, keys), running: make(map[flight][]*core.Token),
	}
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

// write makes the next version of every key of an operation.
func (s *source) write(o *op) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.versions {
		if o.keys.has(key) {
			s.versions[key]++
			o.Writes = append(o.Writes, coherencetest.Version{Key: key, Version: s.versions[key]})
		}
	}
}

// take waits for the turns of keys, free gives them back.
func (s *source) take(keys keySet) {
	for key, turn := range s.turns {
		if keys.has(key) && !s.world.plan.Turnless {
			<-turn
		}
	}
}

func (s *source) free(keys keySet) {
	for key, turn := range s.turns {
		if keys.has(key) && !s.world.plan.Turnless {
			turn <- struct{}{}
		}
	}
}

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
func (s *source) load(ctx context.Context, n *node, key int, r recipe) (value, error) {
	w := s.world
	lane := w.callLane(toLoad)
	v := value{Key: key, Node: n.index, Made: w.now()}
	w.note(n.index, "factory of k%d begins", key)
	if r.deaf {
		ctx = context.WithoutCancel(ctx)
	}
	if err := w.sleep(ctx, lane, r.before); err != nil {
		return value{}, err
	}
	w.hold(n.index, lane)
	v.Version = s.read(key)
	if err := w.sleep(ctx, lane, r.after); err != nil {
		return value{}, err
	}
	w.hold(n.index, lane)
	end := r.end
	if s.down(n.index) {
		end = fails
	}
	switch end {
	case fails:
		return value{}, errSource
	case panics:
		mustPanic()
	case exits:
		runtime.Goexit()
	}
	return v, nil
}

func (s *source) down(node int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.world.now()
	s.dice.throw(s.world.plan.Seed, actorSource, uint64(node), uint64(now/tick))
	return s.world.plan.at(SourceDown, node, now, s.dice.percent) != nil
}

// enter notes that a factory of a flight begins, and returns how many of the key
// on the node can still be joined.
func (s *source) enter(f flight, t *core.Token) (joinable int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[f] = append(s.running[f], t)
	for _, t := range s.running[f] {
		if t.Valid() {
			joinable++
		}
	}
	return joinable
}

// leave notes that it has ended.
func (s *source) leave(f flight, t *core.Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, x := range s.running[f] {
		if x == t {
			s.running[f] = append(s.running[f][:i], s.running[f][i+1:]...)
			return
		}
	}
}

// mustPanic is what a factory does that panics: it divides by zero.
func mustPanic() {
	zero := 0
	_ = 1 / zero
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package traffic

import (
	"fmt"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core/coherencetest"
)

// Value is what is cached.
type Value = coherencetest.Value

// Keys is how many keys there are.
const Keys = 24

const tags = 2

func keyName(key int) string { return fmt.Sprint("k", key) }

func tagName(tag int) string { return fmt.Sprint("t", tag) }

// hasTag says which tags a key has: 0 has both, and some have none.
func hasTag(key, tag int) bool { return key%(tag+2) == 0 }

func tagsOf(key int) (names []string) {
	for tag := range tags {
		if hasTag(key, tag) {
			names = append(names, tagName(tag))
		}
	}
	return names
}

// Truth is what factories ask.
type Truth interface {
	// Load returns the present value of a key for a factory on a node.
	Load(key, node int) (Value, error)
}

// Source is the source of truth: a version for each key. Whoever writes a key has
// its turn from before he writes here until his cache has taken the write.
type Source struct {
	now   func() time.Duration
	turns [Keys]chan struct{} // each holds a token while free

	mu       sync.Mutex
	versions [Keys]uint64
	latest   time.Duration // stamp of a value
}

func newSource(now func() time.Duration) *Source {
	s := &Source{now: now}
	for key := range s.turns {
		s.versions[key] = 1
		s.turns[key] = make(chan struct{}, 1)
		s.turns[key] <- struct{}{}
	}
	return s
}

// take waits for the turns of keys, which are in ascending order.
func (s *Source) take(keys []int) {
	for _, key := range keys {
		<-s.turns[key]
	}
}

// free gives turns back.
func (s *Source) free(keys []int) {
	for _, key := range keys {
		s.turns[key] <- struct{}{}
	}
}

// Load implements [Truth].
func (s *Source) Load(key, node int) (Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stamped(key, node), nil
}

// write makes the next version of a key.
func (s *Source) write(key, node int) Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions[key]++
	return s.stamped(key, node)
}

// stamped makes a value that is like no other: in virtual time much happens at the
// same moment.
func (s *Source) stamped(key, node int) Value {
	s.latest = max(s.now(), s.latest+1)
	return Value{Key: key, Node: node, Version: s.versions[key], Made: s.latest}
}

func (s *Source) version(key int) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.versions[key]
}

// knows reports whether v may have been made here.
func (s *Source) knows(v Value) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return 0 <= v.Key && v.Key < Keys && v.Version <= s.versions[v.Key] && v.Made <= s.latest
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/fusioncache-go/fusioncache/core"
)

// sorted returns the keys in the store, in order. The lock is held.
func (s *store) sorted() []string { return slices.Sorted(maps.Keys(s.items)) }

// evict drops some keys. Marks and loaded values can go at any time. When a
// written value goes while an older one may be on its way, nothing is left to
// stop that: the key is judged by later writes only.
func (s *store) evict(r *run, some func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range s.sorted() {
		if !some() {
			continue
		}
		h, err := core.ParseHeader(s.items[key].data)
		s.become(key, item{})
		s.past.forget(key)
		s.changed(key)
		if k, ok := keyAt(key); ok && (err != nil || h.Kind != core.FillWrite) {
			s.world.rec.Void(k, s.world.now())
		}
		s.world.note(-1, "evicted %s", key)
	}
}

// flush drops everything.
func (s *store) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.items)
	clear(s.past)
	clear(s.locks.held)
	s.changed("")
	s.world.note(-1, "flushed")
}

func (s *store) snapshot() map[string]item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.items)
}

// rewind brings back what was there once. Writes made since are lost.
func (s *store) rewind(r *run, saved map[string]item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = maps.Clone(saved)
	clear(s.past)
	for k := range r.plan.Keys {
		s.world.rec.Void(k, s.world.now())
	}
	s.world.note(-1, "rewound")
}

// rot changes a byte of some values, behind their headers.
func (s *store) rot(rng *rand.Rand, some func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range s.sorted() {
		it := s.items[key]
		if len(it.data) <= core.HeaderSize || !some() {
			continue
		}
		it.data = slices.Clone(it.data)
		it.data[core.HeaderSize+rng.IntN(len(it.data)-core.HeaderSize)] ^= byte(1 + rng.IntN(255))
		s.become(key, it)
		s.changed(key)
		s.world.note(-1, "rotten %s", key)
	}
}

// squat puts bytes that are not ours in the place of some entries.
func (s *store) squat(some func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range s.sorted() {
		if _, entry := keyAt(key); !entry || !some() {
			continue
		}
		s.become(key, item{data: []byte("somebody else's"), end: s.world.now() + ms(5000)})
		s.changed(key)
		s.world.note(-1, "foreign %s", key)
	}
}

// garble changes a byte of a reply.
func garble(d dice, data []byte) {
	if len(data) > 0 {
		data[d.IntN(len(data))] ^= byte(1 + d.IntN(255))
	}
}

// keyAt returns the index of the entry that a key in the store belongs to.
func keyAt(key string) (k int, ok bool) {
	const prefix = "sim:1:e:v:k"
	if len(key) != len(prefix)+1 || key[:len(prefix)] != prefix {
		return 0, false
	}
	return int(key[len(prefix)] - '0'), true
}

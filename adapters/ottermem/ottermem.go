// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package ottermem

import (
	"fmt"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"github.com/fusioncache-go/fusioncache/core"
)

// Memory is a [core.MemoryLayer] of live objects, and has the abilities of a
// [core.Clearer], a [core.Lener] and a [core.EvictionTeller].
//
// It is safe for many goroutines at once; a hit takes no lock. It needs no
// closing. It keeps the keys and entries that Set is given.
type Memory struct {
	present   atomic.Pointer[store]
	options   otter.Options[string, *core.Entry]
	weigh     func(key string, e *core.Entry) uint32 // nil if entries are counted
	maxWeight uint64
	small     bool         // see Options.small
	writes    atomic.Int32 // that are under way
	evictions evictions
}

// store is what holds the entries until the layer is cleared.
type store = otter.Cache[string, *core.Entry]

var (
	_ core.MemoryLayer    = (*Memory)(nil)
	_ core.Clearer        = (*Memory)(nil)
	_ core.Lener          = (*Memory)(nil)
	_ core.EvictionTeller = (*Memory)(nil)
)

// New returns an empty layer. opts may be nil. The error joins an
// [core.OptionError] for each option that is wrong.
func New(opts *Options) (*Memory, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("ottermem: %w", err)
	}
	m := &Memory{maxWeight: o.MaxWeight, small: o.small()}
	if o.Weigher != nil {
		m.weigh = func(key string, e *core.Entry) uint32 { return max(1, o.Weigher(key, e)) }
	}
	m.options = otter.Options[string, *core.Entry]{
		MaximumSize:      o.MaxEntries,
		MaximumWeight:    o.MaxWeight,
		Weigher:          m.weigh,
		InitialCapacity:  o.tableSize(),
		Executor:         m.maintain,
		OnAtomicDeletion: m.evictions.deleted,
	}
	cache, err := otter.New(&m.options)
	if err != nil {
		return nil, fmt.Errorf("ottermem: %w", err)
	}
	m.present.Store(cache)
	return m, nil
}

// maintain runs otter's maintenance, of which there is never more than one: for
// a write at once, so that it makes room for itself and for nothing else; for a
// read of a large layer apart, so that the reader need not wait.
func (m *Memory) maintain(run func()) {
	if m.small || m.writes.Load() > 0 {
		run()
		return
	}
	go run()
}

// write makes one write to the present store. One that is under way while the layer
// is cleared counts as earlier.
func (m *Memory) write(do func(s *store)) {
	m.writes.Add(1)
	defer m.writes.Add(-1)
	do(m.present.Load())
}

// Get returns the entry held for key. It allocates nothing.
func (m *Memory) Get(key string) (*core.Entry, bool) { return m.present.Load().GetIfPresent(key) }

// Set stores e. The error wraps [core.ErrTooLarge] if e is heavier than the whole
// layer; then nothing is held for key.
func (m *Memory) Set(key string, e *core.Entry) error {
	if m.weigh != nil {
		return m.setWeighed(key, e)
	}
	m.write(func(s *store) { s.Set(key, e) })
	return nil
}

func (m *Memory) setWeighed(key string, e *core.Entry) error {
	weight := uint64(m.weigh(key, e))
	if weight > m.maxWeight {
		m.Delete(key)
		return fmt.Errorf("ottermem: set %q: %w: it weighs %d of %d", key, core.ErrTooLarge, weight, m.maxWeight)
	}
	m.write(func(s *store) {
		defer m.evictions.admit(key, e)()
		s.Set(key, e)
		s.CleanUp() // whether otter turns e away shows only now
		if _, ok := s.GetEntryQuietly(key); ok {
			return
		}
		if s.WeightedSize()+weight > m.maxWeight { // or else somebody has just deleted it
			m.makeRoom(s, weight)
		}
		s.Set(key, e)
	})
	return nil
}

// makeRoom removes the entries of s that are least likely to be used again, until
// their weights add up to weight.
func (m *Memory) makeRoom(s *store, weight uint64) {
	var victims []string // to be removed after the loop, which holds otter's lock
	var freed uint64
	for e := range s.Coldest() {
		if freed >= weight {
			break
		}
		victims = append(victims, e.Key)
		freed += uint64(e.Weight)
	}
	for _, key := range victims {
		if e, ok := s.Invalidate(key); ok {
			m.evictions.tell(key, e)
		}
	}
}

// Delete removes what is held for key.
func (m *Memory) Delete(key string) {
	m.write(func(s *store) { s.Invalidate(key) })
}

// Clear removes all entries, and takes no longer for a million of them than for one:
// it begins with an empty store and leaves the old one to the garbage collector. What
// is set meanwhile may stay. What otter knew of the use of keys is forgotten.
func (m *Memory) Clear() {
	empty, err := otter.New(&m.options)
	if err != nil { // it was none when the layer was made
		m.write(func(s *store) { s.InvalidateAll() })
		return
	}
	m.present.Store(empty)
}

// Len returns the number of entries held, stale ones included, after making room
// for what was written last.
func (m *Memory) Len() int {
	s := m.present.Load()
	s.CleanUp()
	return s.EstimatedSize()
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// memory is a layer of objects that holds few entries, or many. When it is full
// it forgets the one that was written first.
type memory struct {
	limit int

	mu    sync.Mutex
	held  map[string]*core.Entry
	order []string
}

var (
	_ core.MemoryLayer = (*memory)(nil)
	_ core.Clearer     = (*memory)(nil)
)

func newMemory(limit int) *memory { return &memory{limit: limit, held: make(map[string]*core.Entry)} }

// Get implements core.MemoryLayer.
func (m *memory) Get(key string) (*core.Entry, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.held[key]
	return e, ok
}

// Set implements core.MemoryLayer.
func (m *memory) Set(key string, e *core.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.held[key]; !known {
		if len(m.order) == m.limit {
			delete(m.held, m.order[0])
			m.order = append(m.order[:0], m.order[1:]...)
		}
		m.order = append(m.order, key)
	}
	m.held[key] = e
	return nil
}

// Delete implements core.MemoryLayer.
func (m *memory) Delete(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.held[key]; !known {
		return
	}
	delete(m.held, key)
	for i, k := range m.order {
		if k == key {
			m.order = append(m.order[:i], m.order[i+1:]...)
			return
		}
	}
}

// Clear implements core.Clearer.
func (m *memory) Clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.held)
	m.order = m.order[:0]
}

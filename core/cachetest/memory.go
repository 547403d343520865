// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package cachetest

import (
	"strings"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// Memory is a [core.MemoryLayer] of objects that never evicts. Safe for concurrent
// use.
type Memory struct {
	mu      sync.Mutex
	entries map[string]*core.Entry
}

var (
	_ core.MemoryLayer = (*Memory)(nil)
	_ core.Clearer     = (*Memory)(nil)
	_ core.Lener       = (*Memory)(nil)
)

// NewMemory returns an empty layer.
func NewMemory() *Memory { return &Memory{entries: make(map[string]*core.Entry)} }

// Get implements [core.MemoryLayer].
func (m *Memory) Get(key string) (*core.Entry, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	return e, ok
}

// Set implements [core.MemoryLayer].
func (m *Memory) Set(key string, e *core.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[strings.Clone(key)] = e
	return nil
}

// Delete implements [core.MemoryLayer].
func (m *Memory) Delete(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
}

// Clear implements [core.Clearer]. A test can evict everything with it.
func (m *Memory) Clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.entries)
}

// Len implements [core.Lener].
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}

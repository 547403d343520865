// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localdist

import (
	"container/heap"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// overhead is what an entry costs besides its key and its value: the item, its
// places in map and heap.
const overhead = 128

// item is one entry. Its data is never changed, so that readers copy it without
// the lock.
type item struct {
	key  string
	data []byte
	end  time.Duration // since the store's start
	pos  int           // in the heap
}

func (it *item) size() int64 { return int64(len(it.key)+len(it.data)) + overhead }

// shard is one part of a store, with its own lock and its own share of the
// bounds.
type shard struct {
	mu         sync.RWMutex
	items      map[string]*item
	byEnd      endHeap
	bytes      int64
	maxEntries int
	maxBytes   int64
	closed     bool
}

func (s *shard) init(maxEntries int, maxBytes int64) {
	s.items = make(map[string]*item)
	s.maxEntries, s.maxBytes = maxEntries, maxBytes
}

func (s *shard) get(key string, now time.Duration) (data []byte, ok bool, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, false, ErrClosed
	}
	it, ok := s.items[key]
	if !ok || now >= it.end {
		return nil, false, nil
	}
	return it.data, true, nil
}

// set takes over data. On an error what was there before is gone: it is out of
// date.
func (s *shard) set(key string, data []byte, now, end time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	return s.put(key, data, now, end)
}

// put is set under the lock.
func (s *shard) put(key string, data []byte, now, end time.Duration) error {
	it := &item{key: key, data: data, end: end}
	s.remove(key)
	if it.size() > s.maxBytes {
		return core.ErrTooLarge
	}
	s.makeRoom(it.size(), now)
	s.items[key] = it
	s.bytes += it.size()
	heap.Push(&s.byEnd, it)
	return nil
}

// makeRoom drops what ends first until size fits, and some of what has ended
// even if there is room: two per write, so that the dead never pile up and no
// write pays for all of them.
func (s *shard) makeRoom(size int64, now time.Duration) {
	for dropped := 0; len(s.byEnd) > 0; dropped++ {
		first := s.byEnd[0]
		full := len(s.byEnd) >= s.maxEntries || s.bytes+size > s.maxBytes
		if !full && (dropped == 2 || now < first.end) {
			return
		}
		s.remove(first.key)
	}
}

func (s *shard) delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.remove(key)
	return nil
}

func (s *shard) remove(key string) {
	it, ok := s.items[key]
	if !ok {
		return
	}
	delete(s.items, key)
	heap.Remove(&s.byEnd, it.pos)
	s.bytes -= it.size()
}

func (s *shard) len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.items)
}

func (s *shard) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.items, s.byEnd, s.bytes = nil, nil, 0
}

// endHeap orders items by their end; it implements [heap.Interface].
type endHeap []*item

func (h endHeap) Len() int           { return len(h) }
func (h endHeap) Less(i, j int) bool { return h[i].end < h[j].end }

func (h endHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].pos, h[j].pos = i, j
}

func (h *endHeap) Push(x any) {
	it := x.(*item)
	it.pos = len(*h)
	*h = append(*h, it)
}

func (h *endHeap) Pop() any {
	old := *h
	last := len(old) - 1
	it := old[last]
	old[last] = nil
	*h = old[:last]
	return it
}

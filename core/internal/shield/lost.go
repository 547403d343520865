// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package shield

import (
	"strings"
	"sync"
	"sync/atomic"
)

// maxLost is the number of keys that are remembered as lost.
const maxLost = 1024

// lost are the keys of which a memory layer may hold what it was told to forget. As long
// as there are none, asking costs one atomic read. Who finds a key holds the lock of the key
// that all writes of memory are under.
type lost struct {
	n    atomic.Int64 // keys; more than maxLost: all there are
	mu   sync.Mutex
	keys map[string]struct{}
}

// all reports whether all keys are lost, for good.
func (l *lost) all() bool { return l.n.Load() > maxLost }

func (l *lost) has(key string) bool {
	switch n := l.n.Load(); {
	case n == 0:
		return false
	case n > maxLost:
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.keys[key]
	return ok || l.all()
}

func (l *lost) lose(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all() {
		return
	}
	if l.keys == nil {
		l.keys = make(map[string]struct{})
	}
	l.keys[strings.Clone(key)] = struct{}{}
	l.n.Store(int64(len(l.keys)))
}

// found notes that what is held for key is what was last written, or nothing.
func (l *lost) found(key string) {
	if l.n.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all() {
		return
	}
	delete(l.keys, key)
	l.n.Store(int64(len(l.keys)))
}

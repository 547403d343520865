// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Bounds of a table of kinds.
const (
	maxKinds = 1 << 10
	maxStart = 64
)

// kind is what many entries have in common: the start of their keys, up to the first
// colon, which names the view they belong to, and the head of their binary form. The
// zero kind is that of entries which have all that themselves.
type kind struct{ start, head string }

// kinds gives kinds numbers. None is ever taken back, since nobody knows when the last
// entry of a kind is gone: when the table is full, what is new has no kind.
type kinds struct {
	mu  sync.Mutex
	now atomic.Pointer[table]
}

// table is immutable.
type table struct {
	all     []kind
	numbers map[kind]int
}

func newKinds() *kinds {
	k := new(kinds)
	k.now.Store(&table{all: make([]kind, 1)})
	return k
}

// at returns the kind with a number.
func (k *kinds) at(number uint64) (found kind, ok bool) {
	all := k.now.Load().all
	if number >= uint64(len(all)) {
		return kind{}, false
	}
	return all[number], true
}

// of returns the kind, and its number, of an entry for key with a binary form that
// begins with head.
func (k *kinds) of(key string, head []byte) (kind, int) {
	t := k.now.Load()
	start := key[:strings.IndexByte(key[:min(len(key), maxStart)], ':')+1]
	n, ok := t.numbers[kind{start, string(head)}]
	if !ok && len(t.all) < maxKinds {
		n = k.add(kind{strings.Clone(start), string(head)})
		t = k.now.Load()
	}
	return t.all[n], n
}

// add returns the number of a kind that is new; zero if there is no room.
func (k *kinds) add(one kind) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	old := k.now.Load()
	if n, ok := old.numbers[one]; ok || len(old.all) == maxKinds {
		return n
	}
	next := &table{all: append(slices.Clone(old.all), one), numbers: make(map[kind]int, len(old.all))}
	maps.Copy(next.numbers, old.numbers)
	next.numbers[one] = len(old.all)
	k.now.Store(next)
	return len(old.all)
}

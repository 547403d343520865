// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"

	"github.com/coocood/freecache"

	"github.com/fusioncache-go/fusioncache/core"
)

const (
	idSize     = 7
	headerSize = freecache.ENTRY_HDR_SIZE
)

var errNotEncoded = errors.New("a layer of bytes takes encoded entries only")

// Memory is a [core.MemoryLayer] in a fixed amount of memory, and has the
// abilities of a [core.ByteMemory], [core.Clearer] and [core.Lener]. When it is
// full, it drops what has not been read for long, approximately, and cannot tell
// what: it is no [core.EvictionTeller].
//
// It is safe for many goroutines at once, and has 256 parts with a lock each. It
// starts no goroutine and needs no closing. It copies what it is given and keeps
// neither keys nor entries.
type Memory struct {
	cache    *freecache.Cache
	clock    *clock
	kinds    *kinds
	seed     maphash.Seed
	maxEntry int
	buffers  sync.Pool // of *buffers
}

// buffers is where Set puts together what it stores.
type buffers struct{ form, stored []byte }

var (
	_ core.MemoryLayer = (*Memory)(nil)
	_ core.ByteMemory  = (*Memory)(nil)
	_ core.Clearer     = (*Memory)(nil)
	_ core.Lener       = (*Memory)(nil)
)

// New returns an empty layer of size bytes, [MinSize] to [MaxSize]; see the
// package comment for what comes on top. opts may be nil. The error joins an
// [core.OptionError] for each thing that is wrong.
func New(size int, opts *Options) (*Memory, error) {
	if err := check(size, opts); err != nil {
		return nil, fmt.Errorf("freecachemem: %w", err)
	}
	c := newClock(size)
	return &Memory{
		cache:    freecache.NewCacheCustomTimer(size, c),
		clock:    c,
		kinds:    newKinds(),
		seed:     maphash.MakeSeed(),
		maxEntry: maxEntry(size),
		buffers:  sync.Pool{New: func() any { return new(buffers) }},
	}, nil
}

// maxEntry follows from freecache's limit of a quarter of one of its 256
// segments.
func maxEntry(size int) int { return size/256/4 - headerSize - idSize - mostOverhead }

// MaxEntry returns the size in bytes, of key and binary form together, of the
// largest entry that fits. The binary form is the payload and, roughly, 40 bytes
// of metadata, 32 more with a version, and the tags.
func (m *Memory) MaxEntry() int { return m.maxEntry }

// Get returns the entry held for key, with a payload of the caller's own.
func (m *Memory) Get(key string) (*core.Entry, bool) {
	data, ok := m.AppendEntry(nil, key)
	if !ok {
		return nil, false
	}
	meta, payload, err := core.ParseEntry(data)
	if err != nil {
		return nil, false
	}
	return core.Encoded(payload, meta), true
}

// AppendEntry appends the binary form of the entry held for key to dst. It
// allocates nothing if dst has room for that.
func (m *Memory) AppendEntry(dst []byte, key string) ([]byte, bool) {
	id := m.id(key)
	found := false
	// The callback runs under a lock that a panic would leave locked; it cannot. It sees
	// the entry where that lies, so that it is copied once and padding not at all.
	_ = m.cache.GetFn(id[:], func(data []byte) error {
		of, own, ok := m.kinds.open(data, key)
		if !ok {
			return nil
		}
		found = true
		if size := len(dst) + len(of.head) + len(own); size > cap(dst) {
			dst = append(make([]byte, 0, size), dst...)
		}
		dst = append(append(dst, of.head...), own...)
		return nil
	})
	return dst, found
}

// Set stores e, which must have a payload unless that is empty. The error wraps
// [core.ErrTooLarge] if key and e together exceed [Memory.MaxEntry]. On any error
// nothing is held for key afterwards.
func (m *Memory) Set(key string, e *core.Entry) error {
	if err := m.set(key, e); err != nil {
		m.Delete(key)
		return fmt.Errorf("freecachemem: set %q: %w", key, err)
	}
	return nil
}

func (m *Memory) set(key string, e *core.Entry) error {
	if e.Payload() == nil && e.Pointer() != nil {
		return errNotEncoded
	}
	if len(key) > maxKey || len(key)+len(e.Payload()) > m.maxEntry {
		return core.ErrTooLarge
	}
	b := m.buffers.Get().(*buffers)
	defer m.buffers.Put(b)
	b.form = e.AppendBinary(b.form[:0])
	if len(key)+len(b.form) > m.maxEntry {
		return core.ErrTooLarge
	}
	head, _, _ := core.SplitEntry(b.form)
	of, number := m.kinds.of(key, head)
	b.stored = seal(b.stored[:0], number, of, key, b.form)
	id := m.id(key)
	b.stored = pad(b.stored, m.makeSlot(&id, len(b.stored)))
	if err := m.cache.Set(id[:], b.stored, 0); err != nil {
		return err
	}
	m.clock.wrote(headerSize + idSize + len(b.stored))
	return nil
}

// makeSlot returns the size for something of need bytes, and removes what is
// held if that cannot be written over. Left to itself, freecache doubles the
// space of what has grown and never shrinks it.
func (m *Memory) makeSlot(id *[idSize]byte, need int) int {
	have := 0
	// PeekFn alone tells a length without copying the value or making it recent.
	// Its callback runs under a lock that a panic would leave locked; this one
	// cannot. An error means that nothing is held.
	_ = m.cache.PeekFn(id[:], func(data []byte) error {
		have = len(data)
		return nil
	})
	size, inPlace := slot(have, need, m.maxEntry+mostOverhead)
	if have > 0 && !inPlace {
		m.cache.Del(id[:])
	}
	return size
}

// Delete removes what is held for key.
func (m *Memory) Delete(key string) {
	id := m.id(key)
	m.cache.Del(id[:])
}

// Clear removes all entries, one part of the cache after the other: what is set
// meanwhile may stay.
func (m *Memory) Clear() { m.cache.Clear() }

// Len returns the number of entries held, dead ones included.
func (m *Memory) Len() int { return int(m.cache.EntryCount()) }

// id returns the key under which freecache knows key: a hash that nobody outside
// can compute.
func (m *Memory) id(key string) (id [idSize]byte) {
	var all [8]byte
	binary.LittleEndian.PutUint64(all[:], maphash.String(m.seed, key))
	copy(id[:], all[:])
	return id
}

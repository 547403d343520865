// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

// MemoryLayer (L1) holds entries inside the process. It never blocks on
// anything but a short lock, takes no context, and starts no work of its own
// on a caller's path.
//
// All methods are safe for many goroutines at once. A layer may evict at any
// time, and it may return entries whose life has ended: the pipeline judges.
// Layers of objects keep the *Entry itself; it is immutable and shared.
type MemoryLayer interface {
	// Get returns the entry held for key. The layer must not keep key, whose
	// bytes may be reused once Get has returned.
	Get(key string) (*Entry, bool)

	// Set stores e, which Get must see at once on every goroutine
	// (read-your-writes), unless it was evicted since. On an error nothing is
	// held for key afterwards: neither e nor what was there before. The layer
	// may keep key.
	Set(key string, e *Entry) error

	// Delete removes what is held for key, if anything. The layer must not keep
	// key.
	Delete(key string)
}

// ByteMemory is the ability of a [MemoryLayer] that keeps entries as bytes, out
// of the garbage collector's sight. A stack hands such a layer encoded entries
// only (see [Entry.Payload]), and reads hits through AppendEntry, so that a hit
// allocates nothing but the decoded value.
type ByteMemory interface {
	// AppendEntry appends the binary form ([Entry.AppendBinary]) of the entry
	// held for key to dst. It must not keep key. Many entries have the head of their
	// form in common, see [SplitEntry].
	AppendEntry(dst []byte, key string) (data []byte, ok bool)
}

// Clearer is the ability of a [MemoryLayer] to forget everything at once.
type Clearer interface {
	Clear()
}

// Lener is the ability of a [MemoryLayer] to say how many entries it holds,
// stale ones included. The number may lag behind concurrent writes.
type Lener interface {
	Len() int
}

// EvictionTeller is the ability of a [MemoryLayer] to tell what it drops to make
// room for something else.
type EvictionTeller interface {
	// OnEvict has tell called once for every entry that the layer drops from now on
	// to make room: alive or dead, but not what is replaced, deleted, cleared or
	// refused. tell takes the place of the one before; with nil nothing is told any
	// more, but by writes that are under way.
	//
	// The layer calls tell on the goroutine whose call needed the room, or on one of
	// its own, and may hold a lock meanwhile: tell must be quick, must not panic, and
	// must not call the layer. It may keep key and e.
	OnEvict(tell func(key string, e *Entry))
}

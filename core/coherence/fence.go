// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// fences remember, outside of the memory layer that may evict, the highest
// version under which each key was last written or invalidated. What is older
// is neither served nor stored, wherever it comes from: a replica that lags, a
// load that was slow.
//
// The table is bounded: 65,536 slots in all, made as they are needed. A fence is
// needed for as long as something older can still be on its way; after fenceLife
// its slot is free. Two keys in need of one slot share it: raise then reports
// that the older fence was lost, and the caller revokes all flights.
//
// Safe for concurrent use.
type fences struct {
	shards [fenceShards]fenceShard
}

const (
	fenceShards = 256
	fenceSlots  = 256 // per shard
	fenceLife   = 90 * time.Second
)

type fenceShard struct {
	mu    sync.Mutex
	slots *[fenceSlots]fence
}

type fence struct {
	hash    uint64
	version core.Version
	until   core.Instant
}

// raise sets the fence of the key with this hash to v, unless it is higher. It
// reports whether the fence of another key had to go while it was still needed.
func (f *fences) raise(hash uint64, v core.Version, now core.Instant) (lost bool) {
	s := &f.shards[hash%fenceShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slots == nil {
		s.slots = new([fenceSlots]fence)
	}
	slot := &s.slots[hash/fenceShards%fenceSlots]
	if slot.hash == hash && now < slot.until {
		if v.Compare(slot.version) > 0 {
			slot.version = v
		}
		slot.until = now.Add(fenceLife)
		return false
	}
	lost = now < slot.until
	*slot = fence{hash: hash, version: v, until: now.Add(fenceLife)}
	return lost
}

// admits reports whether version v of the key with this hash is not older than
// its fence.
func (f *fences) admits(hash uint64, v core.Version, now core.Instant) bool {
	s := &f.shards[hash%fenceShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slots == nil {
		return true
	}
	slot := &s.slots[hash/fenceShards%fenceSlots]
	return slot.hash != hash || now >= slot.until || v.Compare(slot.version) >= 0
}

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
// A fence is needed for as long as something older can still be on its way:
// fenceLife. The table is bounded: 65,536 fences in all, made as they are needed,
// in sets of a few that the hash of the key chooses from. When a set is full, its
// lowest fence becomes the floor of the set, which is a fence for all of its keys:
// what is that old is refused, rather than trusted.
//
// Safe for concurrent use.
type fences struct {
	shards [fenceShards]fenceShard
}

const (
	fenceShards = 256
	fenceSets   = 32 // per shard
	fenceWays   = 8  // per set
	fenceLife   = 90 * time.Second
)

type fenceShard struct {
	mu   sync.Mutex
	sets *[fenceSets]fenceSet
}

// fenceSet is the fences of the keys that share it. In a floor the hash is of no
// meaning.
type fenceSet struct {
	ways  [fenceWays]fence
	floor fence
}

type fence struct {
	hash    uint64
	version core.Version
	until   core.Instant
}

// admits reports whether the fence lets version v pass.
func (f *fence) admits(v core.Version, now core.Instant) bool {
	return now >= f.until || v.Compare(f.version) >= 0
}

// raise makes the fence at least as high as version v.
func (f *fence) raise(v core.Version, now, until core.Instant) {
	if now >= f.until || v.Compare(f.version) > 0 {
		f.version = v
	}
	f.until = max(f.until, until)
}

// raise sets the fence of the key with this hash to v, unless it is higher.
func (f *fences) raise(hash uint64, v core.Version, now core.Instant) {
	f.raiseFor(hash, v, now, fenceLife)
}

// raiseFor is raise for a fence that is needed for as long as life says.
func (f *fences) raiseFor(hash uint64, v core.Version, now core.Instant, life time.Duration) {
	s := &f.shards[hash%fenceShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sets == nil {
		s.sets = new([fenceSets]fenceSet)
	}
	set := &s.sets[hash/fenceShards%fenceSets]
	way := set.way(hash, now)
	if way.hash != hash {
		if now < way.until {
			set.floor.raise(way.version, now, way.until)
		}
		*way = fence{hash: hash}
	}
	way.raise(v, now, now.Add(life))
}

// way returns the fence of the key with this hash, or else the one that is to make
// room for it: one that is not needed any more, or the lowest.
func (s *fenceSet) way(hash uint64, now core.Instant) *fence {
	lowest := &s.ways[0]
	for i := range s.ways {
		w := &s.ways[i]
		switch {
		case w.hash == hash:
			return w
		case now >= lowest.until: // there is none better
		case now >= w.until || w.version.Compare(lowest.version) < 0:
			lowest = w
		}
	}
	return lowest
}

// admits reports whether version v of the key with this hash is not older than
// its fence.
func (f *fences) admits(hash uint64, v core.Version, now core.Instant) bool {
	s := &f.shards[hash%fenceShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sets == nil {
		return true
	}
	set := &s.sets[hash/fenceShards%fenceSets]
	for i := range set.ways {
		if set.ways[i].hash == hash {
			return set.ways[i].admits(v, now) && set.floor.admits(v, now)
		}
	}
	return set.floor.admits(v, now)
}

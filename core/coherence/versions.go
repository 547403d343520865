// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"cmp"
	"crypto/rand"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// DefaultMaxSkew is how far the clocks of two nodes may differ where nothing else is
// said. A version from farther ahead does not move our clock, so that one broken clock
// cannot drag the others along.
const DefaultMaxSkew = 30 * time.Second

// Versions numbers the writes of one node by a hybrid logical clock (Kulkarni et
// al., "Logical Physical Clocks", 2014): never lower than the wall clock, nor
// than any version seen. Safe for concurrent use.
type Versions struct {
	node uint64
	wall func() time.Time
	skew time.Duration

	mu   sync.Mutex
	time int64
	tick uint32
	op   uint64
}

// NewVersions returns the versions of a node. skew is how far the clocks of two nodes may
// differ; zero: DefaultMaxSkew.
func NewVersions(node wire.NodeID, wall func() time.Time, skew time.Duration) *Versions {
	return &Versions{node: node.Node(), wall: wall, skew: cmp.Or(skew, DefaultMaxSkew)}
}

// NewNodeID returns a random identity for one start of one stack.
func NewNodeID() (id wire.NodeID) {
	rand.Read(id[:]) // never fails, since Go 1.24
	return id
}

// Next returns a version higher than all that were returned or observed.
func (v *Versions) Next() core.Version {
	now := v.wall().UnixMilli()
	v.mu.Lock()
	defer v.mu.Unlock()
	if now > v.time {
		v.time, v.tick = now, 0
	} else if v.tick++; v.tick > core.MaxTick {
		v.time, v.tick = v.time+1, 0
	}
	v.op++
	return core.Version{Time: v.time, Tick: v.tick, Node: v.node, Op: v.op}
}

// Observe takes note of a version from elsewhere. It reports whether that is
// plausible; one from too far in the future is ignored.
func (v *Versions) Observe(o core.Version) bool {
	limit := v.wall().Add(v.skew).UnixMilli()
	if o.Time > limit {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if o.Time > v.time || (o.Time == v.time && o.Tick > v.tick) {
		v.time, v.tick = o.Time, o.Tick
	}
	return true
}

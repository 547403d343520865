// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// history is what the checks need to know of a key.
type history struct {
	void      time.Duration            // writes called up to then do not count
	last      uint64                   // highest version written since then
	committed floor                    // by return of committed writes: their versions
	removed   floor                    // by return of committed removals: when they were called
	seen      []floor                  // by node: by return of fresh reads: their versions, up to what was committed
	written   []floor                  // by node: by return of writes that did not fail: their versions
	purged    []floor                  // by node: by return of removals that did not fail: when they were called
	stored    map[Value]time.Duration  // what has been in the distributed layer, and when it was put there last
	confirmed map[Value]time.Duration  // when the source has last said that a value is still right
	refused   map[Value]struct{}       // what Sets that failed would have written
	ends      map[uint64]time.Duration // when the lives of written versions end that have an end
	watched   bool                     // stored is complete
	owed      []uint64                 // by node: highest version of a write that was not committed
	lost      uint64                   // highest version that may be known to nobody
	agreed    uint64                   // what the first node asked in the end has said
}

func newHistory(nodes int, watched bool) *history {
	h := &history{
		owed: make([]uint64, nodes), stored: make(map[Value]time.Duration), refused: make(map[Value]struct{}),
		ends: make(map[uint64]time.Duration), confirmed: make(map[Value]time.Duration), watched: watched,
	}
	h.forgetAll(-1, nodes)
	return h
}

// forgetAll forgets all writes called until now.
func (h *history) forgetAll(now time.Duration, nodes int) {
	h.void, h.last = now, 0
	h.committed, h.removed = floor{}, floor{}
	h.seen, h.written, h.purged = make([]floor, nodes), make([]floor, nodes), make([]floor, nodes)
}

// forget drops what was known of a life of a node that has ended.
func (h *history) forget(node int) {
	h.seen[node], h.written[node], h.purged[node] = floor{}, floor{}, floor{}
}

// agree returns what the nodes asked before have said in the end.
func (h *history) agree(o *Operation) uint64 {
	if h.agreed == 0 && o.Status == Found {
		h.agreed = o.Value.Version
	}
	return h.agreed
}

// takeRead notes a read. What a factory returns does not count as shown, nor, where
// the distributed layer is watched, does what that layer never held.
func (h *history) takeRead(o *Operation) {
	if o.Status != Found || o.Stale || o.Level == core.LevelFactory {
		return
	}
	if _, ok := h.stored[o.Value]; !ok && h.watched {
		return
	}
	shown := min(o.Value.Version, h.committed.last())
	if _, ends := h.ends[shown]; ends {
		h.seen[o.Node].raise(o.To, h.lasting(shown))
	}
	h.seen[o.Node].raise(o.To, shown)
}

// takeWrite notes that an operation has written a version of the key. If it is of
// an earlier life of its node, that owes nothing any more.
func (h *history) takeWrite(o *Operation, version uint64, current bool) {
	if o.From <= h.void {
		return
	}
	h.last = max(h.last, version)
	if o.Ends > 0 {
		h.ends[version] = o.Ends
	}
	if o.Status == Failed {
		h.lost = max(h.lost, version) // the caches may not know of it
		if o.Action == Set && !o.Lost {
			h.refused[o.Value] = struct{}{}
		}
		return
	}
	if current {
		h.written[o.Node].raise(o.To, version)
		if o.Action.Removes() {
			h.purged[o.Node].raise(o.To, uint64(o.From))
		}
	}
	h.settle(o, version, current)
}

// settle notes how far a write has come that has not failed.
func (h *history) settle(o *Operation, version uint64, current bool) {
	switch {
	case o.Status == Committed:
		h.committed.raise(o.To, version)
		if o.Action.Removes() {
			h.removed.raise(o.To, uint64(o.From))
		}
		if version >= h.lost {
			h.lost = 0
		}
	case current:
		h.owed[o.Node] = max(h.owed[o.Node], version)
	default:
		h.lost = max(h.lost, version)
	}
}

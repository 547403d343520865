// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"sort"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// history is what the checks need to know of a key.
type history struct {
	tainted   instant          // writes called before it do not count
	last      uint64           // highest version written since then
	committed floor            // by return of committed writes: their versions
	removed   floor            // by return of committed removals: when they were called
	seen      []floor          // by node: by return of fresh reads: their versions, up to what was committed
	written   []floor          // by node: by return of writes that did not fail: their versions
	purged    []floor          // by node: by return of removals that did not fail: when they were called
	applied   map[uint64]bool  // versions that have been in the store
	stored    map[instant]bool // when values that have been in the store were made
	refused   map[instant]bool // when values of Sets that failed were made
	agreed    uint64           // what the first node asked in the end has said
	owed      []uint64         // by node: highest version of a write that was not committed
	lost      uint64           // highest version that may have been lost with a node
}

// agree returns what the nodes asked before have said in the end.
func (h *history) agree(o *op) uint64 {
	if h.agreed == 0 && o.status == found {
		h.agreed = o.got.Version
	}
	return h.agreed
}

func newHistories(p *Plan) []history {
	all := make([]history, p.Keys)
	for i := range all {
		all[i].taint(-1, p)
		all[i].owed = make([]uint64, p.Nodes)
		all[i].applied, all[i].stored, all[i].refused = make(map[uint64]bool), make(map[instant]bool), make(map[instant]bool)
	}
	return all
}

// taint forgets all writes until now.
func (h *history) taint(now instant, p *Plan) {
	h.tainted, h.last = now, 0
	h.committed, h.removed = nil, nil
	h.seen, h.written, h.purged = make([]floor, p.Nodes), make([]floor, p.Nodes), make([]floor, p.Nodes)
}

// bury notes that what a node owed is lost with it.
func (h *history) bury(node int) { h.lost, h.owed[node] = max(h.lost, h.owed[node]), 0 }

// forget drops what was known of a life of a node that has ended.
func (h *history) forget(node int) { h.seen[node], h.written[node], h.purged[node] = nil, nil, nil }

// take notes an operation that has returned and been checked.
func (h *history) take(o *op, key int) {
	if !o.action.writes() {
		if o.status == found && !o.stale && o.level != core.LevelFactory && h.stored[o.got.Made] {
			h.seen[o.node].raise(o.to, min(o.got.Version, h.committed.last()))
		}
		return
	}
	if o.from <= h.tainted {
		return
	}
	v := o.versions[key]
	h.last = max(h.last, v)
	if o.status != committed {
		h.owed[o.node] = max(h.owed[o.node], v)
	}
	if o.status == failed {
		h.lost = max(h.lost, v) // the cache does not know of it
		if o.action == doSet && o.err != nil && !o.died {
			h.refused[o.from] = true
		}
		return
	}
	h.written[o.node].raise(o.to, v)
	if o.action.removes() {
		h.purged[o.node].raise(o.to, uint64(o.from))
	}
	if o.status == committed {
		h.committed.raise(o.to, v)
		if o.action.removes() {
			h.removed.raise(o.to, uint64(o.from))
		}
	}
}

// floor is a number that only rises: steps in the order of time.
type floor []step

type step struct {
	at instant
	n  uint64
}

// raise notes that from at on the number is at least n.
func (f *floor) raise(at instant, n uint64) {
	if n > f.last() {
		*f = append(*f, step{at, n})
	}
}

// last returns the number as it stands.
func (f floor) last() uint64 {
	if len(f) == 0 {
		return 0
	}
	return f[len(f)-1].n
}

// at returns when the number became at least n.
func (f floor) at(n uint64) instant {
	i := sort.Search(len(f), func(i int) bool { return f[i].n >= n })
	if i == len(f) {
		return 0
	}
	return f[i].at
}

// before returns the number as it stood before a moment.
func (f floor) before(at time.Duration) uint64 {
	i := sort.Search(len(f), func(i int) bool { return f[i].at >= at })
	if i == 0 {
		return 0
	}
	return f[i-1].n
}

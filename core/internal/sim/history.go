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
	committed floor   // by return of committed writes: their versions
	removed   floor   // by return of committed removals: when they were called
	seen      []floor // by node: by return of fresh reads: their versions, up to what was committed
	written   []floor // by node: by return of writes that did not fail: their versions
}

func newHistories(p *Plan) []history {
	all := make([]history, p.Keys)
	for i := range all {
		all[i].seen = make([]floor, p.Nodes)
		all[i].written = make([]floor, p.Nodes)
	}
	return all
}

// take notes an operation that has returned and been checked.
func (h *history) take(o *op) {
	switch {
	case o.status == found && !o.stale && o.level != core.LevelFactory:
		h.seen[o.node].raise(o.to, min(o.got.Version, h.committed.last()))
	case o.status == committed:
		h.committed.raise(o.to, o.version)
		if o.action == doRemove {
			h.removed.raise(o.to, uint64(o.from))
		}
	}
	if o.status == committed || o.status == localOnly {
		h.written[o.node].raise(o.to, o.version)
	}
}

// forget drops what was known of a life of a node that has ended.
func (h *history) forget(node int) { h.seen[node], h.written[node] = nil, nil }

// floor is a number that only rises: steps in the order of time.
type floor []step

type step struct {
	at instant
	n  uint64
}

// raise notes that from at on the number is at least n.
func (f *floor) raise(at instant, n uint64) {
	if len(*f) == 0 || n > (*f)[len(*f)-1].n {
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

// before returns the number as it stood before a moment.
func (f floor) before(at time.Duration) uint64 {
	i := sort.Search(len(f), func(i int) bool { return f[i].at >= at })
	if i == 0 {
		return 0
	}
	return f[i-1].n
}

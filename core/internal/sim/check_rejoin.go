// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"sort"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherencetest"
)

// rejoins is what the check of subscriptions needs to know.
type rejoins struct {
	mu        sync.Mutex
	last      [maxNodes]instant         // when each node subscribed last
	committed [maxKeys][]committedWrite // those that are later than all before them
}

type committedWrite struct {
	at      instant
	version uint64
}

const attentive = 50 * time.Millisecond

// joined notes that a node has subscribed.
func (j *rejoins) joined(node int, now instant) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last[node] = now
}

// take notes a write that has returned.
func (j *rejoins) take(o *op) {
	if o.Status != coherencetest.Committed {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, w := range o.Writes {
		known := j.committed[w.Key]
		if n := len(known); n == 0 || w.Version > known[n-1].version {
			j.committed[w.Key] = append(known, committedWrite{o.To, w.Version})
		}
	}
}

// attention is how long after a new subscription a node may answer from memory as
// before: in a crowd it waits for its next beat.
func (p *Plan) attention() time.Duration {
	if p.Crowd > 0 {
		return p.lag() + time.Second + attentive
	}
	return p.lag() + attentive
}

// before returns when a node had subscribed last when a read on it began, and the
// highest version of a key that had been committed by then.
func (j *rejoins) before(o *op, within time.Duration) (joined instant, version uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	joined = j.last[o.Node]
	if o.From < joined+within {
		return joined, 0
	}
	known := j.committed[o.Key]
	i := sort.Search(len(known), func(i int) bool { return known[i].at >= joined })
	if i == 0 {
		return joined, 0
	}
	return joined, known[i-1].version
}

// was reports whether a version of a key has been committed.
func (j *rejoins) was(key int, version uint64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	known := j.committed[key]
	i := sort.Search(len(known), func(i int) bool { return known[i].version >= version })
	return i < len(known) && known[i].version == version
}

// unfinished is for how long a node reads a write that the store has not taken.
const unfinished = core.DefaultDistributedTimeout + 2*time.Second

// forgetful are the faults that make the store itself go back.
const forgetful = 1<<StoreEvict | 1<<StoreFlush | 1<<StoreRewind | 1<<StoreGarble | 1<<StoreRot | 1<<StoreForeign

// I10, no lost invalidation, for those of a subscription that was lost: a fresh
// answer to a read that began after the node had subscribed again has at least the
// version of what was committed before it had.
// What a store that does not arbitrate holds may go back by itself. A node whose
// questions the store does not answer reads what it has written itself for a while, and
// for as long as AloneTTL what it had, although it does not believe it any more: I1
// bounds that.
func (r *recorder) checkRejoined(o *op) {
	if p := r.plan; p.Turnless || p.Weak || p.kinds&forgetful != 0 {
		return
	}
	if o.unanswered {
		return
	}
	if o.Status != coherencetest.Found || o.Stale || o.Lost || o.Value.Node == o.Node && o.began.has(owing) {
		return
	}
	if own := o.Value.Node == o.Node && o.From-o.Value.Made < unfinished; own && !r.rejoins.was(o.Key, o.Value.Version) {
		return // a node reads what it has just written, whatever the store holds
	}
	if joined, want := r.rejoins.before(o, r.plan.attention()); o.Value.Version < want && !r.Outlived(want, &o.Operation) {
		r.violated("I10 lost invalidation", o.Key, o, "v%d, but v%d was committed before the node subscribed at %v", o.Value.Version, want, joined)
	}
}

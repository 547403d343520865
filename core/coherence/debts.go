// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// This file is what is owed: how it comes into the queue, what it means for reads
// meanwhile, and how it goes. recovery.go makes it good.

// debt is one key's unfinished write.
type debt struct {
	key     string
	kind    wire.MessageKind // of the last write
	says    wire.MessageKind // what the nodes are to be told; see heavier
	version core.Version
	arrived core.Version // as which the distributed layer has it; zero if it has not
	meta    core.Meta    // for a set: as it is to be in the distributed layer
	codec   core.Codec   // for a set
	told    bool         // the distributed layer has it, only the nodes have not
	aside   bool         // the distributed layer was not to have it
	mark    redrawn      // for a mark: what it was last tried with
	since   core.Instant
	tries   int
	next    core.Instant
}

// stands returns the version that the other nodes are told of.
func (d debt) stands() core.Version {
	if d.arrived.IsZero() {
		return d.version
	}
	return d.arrived
}

// begin notes that write v of key goes on in the background, until it is owed or
// settled.
func (r *Recovery) begin(key string, v core.Version) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun[key].Op < v.Op {
		r.begun[key] = v
	}
	r.recount()
}

// end takes back what begin noted, and counts. The lock is held.
func (r *Recovery) end(key string, v core.Version) {
	if r.begun[key].Op == v.Op {
		delete(r.begun, key)
	}
	r.recount()
}

// override notes that write v of key is under way, if an older one is owed: what the
// node believes of the distributed layer is not that one any more.
func (r *Recovery) override(key string, v core.Version) {
	if r == nil || r.count.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.items[key] != nil && r.begun[key].Op < v.Op {
		r.begun[key] = v
		r.recount()
	}
}

func (r *Recovery) recount() {
	n := len(r.items) + len(r.begun)
	if r.overflow {
		n++
	}
	r.count.Store(int64(n))
}

// owe takes d in, in the place of an earlier debt of its key.
func (r *Recovery) owe(d *debt) {
	lost := false
	if mutation.On(mutation.NoRecovery) {
		return
	}
	d.says = d.kind
	d.since = r.clock.Now()
	r.mu.Lock()
	switch now, known := r.items[d.key]; {
	case known && now.covers(d): // what the nodes are told of either, they are told of both
		if says := heavierOf(now.says, d.says); says != now.says {
			now.says, now.mark = says, redrawn{}
		}
	case !known && len(r.items) >= r.options.MaxKeys:
		r.overflow, lost = true, true
		if mutation.On(mutation.NoOverflow) {
			r.overflow, lost = false, false
		}
	default:
		if known {
			d.says = heavierOf(d.says, now.says)
		}
		r.items[d.key] = d
	}
	r.end(d.key, d.version)
	r.mu.Unlock()
	if lost {
		r.events.Emit(core.Event{Kind: core.RecoveryOverflowed})
	}
	if lost && r.full != nil {
		r.full()
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// covers reports whether d stays, instead of another debt of its key. What the distributed
// layer is owed comes before what only the nodes are, and otherwise the later write.
func (d *debt) covers(o *debt) bool {
	switch {
	case o.aside && !d.told:
		return true
	case d.aside && !o.told:
		return false
	}
	return d.version.Op > o.version.Op
}

// settle takes out the debt of key, unless it is for a later write than v, or the
// distributed layer is owed it and v has not gone there.
func (r *Recovery) settle(key string, v core.Version, shared bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.items[key]; d != nil && d.version.Op <= v.Op && (shared || d.told) {
		delete(r.items, key)
	}
	r.end(key, v)
}

// owes returns the version of key's unfinished write, of which the distributed
// layer may know nothing.
func (r *Recovery) owes(key string) (v core.Version, ok bool) {
	if r == nil || r.count.Load() == 0 {
		return core.Version{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.overflow && key == markKey("") {
		return core.Version{}, true // everything is to be invalidated
	}
	v = r.begun[key]
	if d := r.items[key]; d != nil && !d.told && d.version.Op > v.Op {
		v = d.version
	}
	return v, !v.IsZero()
}

// ahead reports whether v is key's unfinished write, and what was seen in the
// distributed layer is older for certain.
func (r *Recovery) ahead(key string, v core.Version, seen *core.Seen, skew time.Duration) bool {
	own, owes := r.owes(key)
	if !owes || !own.Same(v) || seen.Foreign {
		return false
	}
	if len(seen.Header) == 0 {
		return true
	}
	h, err := core.ParseHeader(seen.Header)
	return err == nil && (h.Node == own.Node && h.Op < own.Op || h.Time+skew.Milliseconds() < own.Time)
}

// lags reports whether what the distributed layer holds for key is older than a
// write of this node before v, which it does not know. It is not worth keeping
// even as a stale value: that write may have been a removal.
func (r *Recovery) lags(key string, v core.Version) bool {
	if r == nil || r.count.Load() == 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.items[key]
	return r.overflow || d != nil && !d.told && d.version.Op < v.Op
}

// strip has the debt d replayed without its value, which the distributed layer cannot hold.
func (r *Recovery) strip(d debt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.items[d.key]; now != nil && now.version.Same(d.version) {
		now.codec = nil
	}
}

// tried notes the mark that d is tried with.
func (r *Recovery) tried(d debt, m redrawn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.items[d.key]; now != nil && now.version.Same(d.version) && now.says == d.says {
		now.mark = m
	}
}

// heavier returns what the other nodes are to be told of a write of key: a removal
// that they have not heard of is part of it.
func (r *Recovery) heavier(key string, kind wire.MessageKind) wire.MessageKind {
	if r == nil || r.count.Load() == 0 {
		return kind
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.items[key]; d != nil {
		return heavierOf(kind, d.says)
	}
	return kind
}

func heavierOf(kind, owed wire.MessageKind) wire.MessageKind {
	if removal(owed) {
		return owed
	}
	return kind
}

func removal(kind wire.MessageKind) bool {
	return kind == wire.MessageRemove || kind == wire.MessageTagRemoved || kind == wire.MessageCleared
}

// still reports whether d is what its key owes: no later write has taken its place.
func (r *Recovery) still(d debt) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.items[d.key]
	return now != nil && now.version.Same(d.version)
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// staleness is the bound S of the invariants: how long a committed write may
// take to be seen by every reader, whatever goes wrong. After the server was
// emptied, the nodes notice when they next read the mark of everything: until
// then a load from before can take the place of a write that is gone.
const (
	staleness      = 6 * time.Second
	flushStaleness = 8 * time.Second
	quietStaleness = 50 * time.Millisecond
)

// check looks at an operation when it returns. The invariants have the numbers
// of the design; every function is one of them.
func (r *recorder) check(o *op) {
	r.checkApplied(o)
	if o.status != found {
		return
	}
	h := &r.keys[o.key]
	r.checkValue(o, h)
	if o.stale {
		r.checkStaleLimit(o)
	}
	if r.plan.Turnless {
		return // whose write is the last, nobody can tell
	}
	r.checkOwnRemoval(o, h)
	if o.stale {
		return
	}
	r.checkStaleness(o, h)
	r.checkRemoved(o, h)
	r.checkMonotonic(o, h)
	r.checkOwnWrites(o, h)
}

// I1, bounded staleness, always: a fresh answer to a read that began more than S
// after a write was acknowledged as committed has at least its version. If there
// was no fault since well before the write, S is 50 ms.
//
// Where fail-safe answers with something older, the answer is marked as stale,
// and I4 bounds its age.
func (r *recorder) checkStaleness(o *op, h *history) {
	bound := staleness
	if r.plan.kinds>>StoreFlush&1 != 0 {
		bound = flushStaleness
	}
	if want := h.committed.before(o.from - bound); o.got.Version < want {
		r.violated("I1 staleness", o.key, o, "v%d, want at least v%d", o.got.Version, want)
	}
	calm := r.plan.calmSince(o.from)
	if want := h.committed.before(o.from - quietStaleness); o.got.Version < want && h.committed.at(want) > calm {
		r.violated("I1 staleness without faults", o.key, o, "v%d, want at least v%d", o.got.Version, want)
	}
}

// I2, convergence: a read that began more than D after the last fault and the
// last write has the version of the source of truth. Where writers do not wait for
// each other, all nodes have at least the same. What a node owed when it died is
// lost, as is what the server has lost.
func (r *recorder) checkConverged(o *op, want uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := &r.keys[o.key]
	if r.plan.Turnless {
		want = h.agree(o)
	}
	switch {
	case h.last < want: // the last write was before something was lost
	case h.lost >= want: // the last write was lost itself, or refused
	case o.status == found && o.got.Version == want:
	case o.status == missed && o.action == doGet:
	default:
		r.violated("I2 convergence", o.key, o, "want v%d", want)
	}
}

// I3, single flight: of the factories that run for a key on a node, at most one
// can be joined. Others may run besides it, if their right to store was revoked.
func (r *recorder) checkFlights(o *op, joinable int) {
	if joinable <= 1 || o == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.violated("I3 single flight", o.key, o, "%d factories can be joined", joinable)
}

// I4, limit of fail-safe: a stale answer is not older than StaleTTL, counted from
// when its factory or Set began, and the time that these took. Wall clocks that
// differ add their difference when the entry has passed through the server.
func (r *recorder) checkStaleLimit(o *op) {
	limit := max(r.plan.Defaults.StaleTTL, safeFor) + slowest + r.plan.Spread + time.Second
	if age := o.to - o.got.Made; age > limit {
		r.violated("I4 limit of fail-safe", o.key, o, "%v old, the limit is %v", age, limit)
	}
}

// I5, no resurrection: a fresh answer to a read that began more than S after a
// removal was acknowledged as committed was not made before the removal.
func (r *recorder) checkRemoved(o *op, h *history) {
	bound := staleness
	if r.plan.kinds>>StoreFlush&1 != 0 {
		bound = flushStaleness
	}
	if called := h.removed.before(o.from - bound); uint64(o.got.Made) < called {
		r.violated("I5 resurrection", o.key, o, "removed at %v", instant(called))
	}
}

// I5, for the node that removes: nothing made before a removal is an answer there
// once that has returned, committed or not; not even a stale one.
func (r *recorder) checkOwnRemoval(o *op, h *history) {
	if called := h.purged[o.node].before(o.from); uint64(o.got.Made) < called {
		r.violated("I5 own removal", o.key, o, "removed here at %v", instant(called))
	}
}

// I6, monotonic reads: a fresh answer on a node is not older than a committed
// write that a fresh answer from memory or the distributed layer had shown there
// before the read began. What a factory returns does not count: it may show a
// write that is still on its way from the source to the cache, and the callers of
// a load that was revoked get its result although it is stored nowhere. Nor does a
// loaded value that memory held until the server refused it.
func (r *recorder) checkMonotonic(o *op, h *history) {
	if want := h.seen[o.node].before(o.from); o.got.Version < want {
		r.violated("I6 monotonic reads", o.key, o, "v%d after v%d", o.got.Version, want)
	}
}

// I7, read your writes: a fresh answer on a node is not older than a write there
// that had returned, committed or not, before the read began.
func (r *recorder) checkOwnWrites(o *op, h *history) {
	if want := h.written[o.node].before(o.from); o.got.Version < want {
		r.violated("I7 own writes", o.key, o, "v%d after writing v%d", o.got.Version, want)
	}
}

// I12, the queue: what a node owed is settled before it closes, so that nothing
// is left to write then.
func (r *recorder) checkQueue(n *node, writes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if writes > 0 {
		r.violated("I12 queue", 0, nil, "node %d wrote %d times when it closed", n.index, writes)
	}
}

// I13, deadlines: a read returns when its context ends, to the millisecond that
// is the simulator's resolution; a write may take as much longer as it takes to
// tell the other nodes, which is a DistributedTimeout.
func (r *recorder) checkDeadline(ctx context.Context, o *op) {
	end, ok := ctx.Deadline()
	if !ok || r.plan.pausedWithin(o.node, o.from, o.to) {
		return
	}
	late := o.to - end.Sub(r.world.start)
	limit := 2 * tick
	if o.action.writes() {
		limit += 1600 * tick
	}
	if late > limit {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.violated("I13 deadline", o.key, o, "%v late", late)
	}
}

// I15, honest outcome: what was committed has been in the store, and what failed
// is never seen.
// I16, a panic is contained: no answer is the zero value.
// I17, quarantine: no answer is damaged, or another key's.
func (r *recorder) checkValue(o *op, h *history) {
	v := o.got
	switch {
	case v.Version == 0:
		r.violated("I16 panic", o.key, o, "the zero value")
	case int(v.Key) != o.key || v.Version > r.world.source.read(o.key):
		r.violated("I17 quarantine", o.key, o, "key %d, version %d", v.Key, v.Version)
	case h.refused[v.Made] && o.level != core.LevelFactory:
		r.violated("I15 honest outcome", o.key, o, "the Set that made it has failed")
	}
}

// I19, closed: after Close every call gives ErrClosed.
func (r *recorder) checkClosed(n *node, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !errors.Is(err, core.ErrClosed) {
		r.violated("I19 closed", 0, nil, "node %d: a read after Close: %v", n.index, err)
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// check looks at an operation when it has returned. Every function below is one of
// the invariants.
func (c *Checker) check(o *Operation) {
	c.checkDeadline(o)
	c.checkStored(o)
	if o.Status != Found {
		return
	}
	h := c.keys[o.Key]
	if !c.checkValue(o, h) {
		return
	}
	if o.Stale {
		c.checkStaleLimit(o)
	}
	if c.opts.Unordered || c.opts.Weak {
		return // whose write is the last, nobody can tell
	}
	current := o.Life == c.lives[o.Node] && !c.returned(o)
	if current {
		c.checkOwnRemoval(o, h)
	}
	if o.Stale {
		return
	}
	c.checkStaleness(o, h)
	c.checkRemoved(o, h)
	if current {
		c.checkMonotonic(o, h)
		c.checkOwnWrites(o, h)
	}
}

// returned reports whether the value was made before the distributed layer lost what
// it held, not longer ago than AfterLoss. A node that owed it, or was loading it, may
// have put it there again: nothing is left that says that it is old. Until the nodes
// have noticed the loss, what they have shown and written does not count for I5, I6
// and I7; I1 has a bound of its own then.
func (c *Checker) returned(o *Operation) bool {
	for _, loss := range c.losses {
		if o.Value.Made <= loss && loss <= o.To && o.From <= loss+c.opts.Bounds.AfterLoss+c.stalled(loss, o.From) {
			return true
		}
	}
	return false
}

// I1, staleness: a fresh answer to a read that began more than Staleness after a
// write was acknowledged as committed has at least its version, whatever goes
// wrong. If there was no fault since well before the write, the bound is Quiet.
//
// Where fail-safe answers with something older, the answer is marked as stale, and
// I4 bounds its age.
func (c *Checker) checkStaleness(o *Operation, h *history) {
	if want := h.least(h.committed, o.From-c.staleness(o.From), o); o.Value.Version < want {
		c.violated("I1 staleness", o, "v%d, want at least v%d", o.Value.Version, want)
	}
	quiet := c.opts.Bounds.Quiet
	if quiet == 0 {
		return
	}
	quiet += c.stalled(o.From-quiet, o.From)
	if want := h.least(h.committed, o.From-quiet, o); o.Value.Version < want && h.committed.at(want) > c.calmSince(o.From) {
		c.violated("I1 staleness without faults", o, "v%d, want at least v%d", o.Value.Version, want)
	}
}

// I2, convergence: a read that began more than Convergence after the last fault and
// the last write has the version of the source of truth; a Get may miss. Where
// writers do not wait for each other, all nodes have at least the same. What a node
// owed when it died, what failed, and what the server has lost need not be there.
func (c *Checker) checkConverged(o *Operation, want uint64) {
	h := c.keys[o.Key]
	if c.opts.Unordered {
		want = h.agree(o)
	}
	switch {
	case h.last < want: // the last write was before something was lost
	case h.lost >= want: // the last write was lost itself, or refused
	case o.Status == Found && (o.Value.Version == want || h.outlived(want, o)):
	case o.Status == Missed && o.Action == Get:
	default:
		c.violated("I2 convergence", o, "want v%d", want)
	}
}

// I4, limit of fail-safe: a stale answer is not older than Stale, counted from when
// it was made.
func (c *Checker) checkStaleLimit(o *Operation) {
	limit := c.opts.Bounds.Stale
	if age := o.To - o.Value.Made; limit > 0 && age > limit+c.stalled(o.From, o.To) {
		c.violated("I4 limit of fail-safe", o, "%v old, the limit is %v", age, limit)
	}
}

// made returns when v was made, or the source has last said that it is still right.
func (h *history) made(v Value) time.Duration { return max(v.Made, h.confirmed[v]) }

// I5, resurrection: a fresh answer to a read that began more than Staleness after a
// removal was acknowledged as committed was not made before the removal.
func (c *Checker) checkRemoved(o *Operation, h *history) {
	if called := h.removed.before(o.From - c.staleness(o.From)); uint64(h.made(o.Value)) < called {
		c.violated("I5 resurrection", o, "removed at %v", time.Duration(called))
	}
}

// I5, for the node that removes: nothing made before a removal is an answer there
// once that has returned, committed or not; not even a stale one.
func (c *Checker) checkOwnRemoval(o *Operation, h *history) {
	if called := h.purged[o.Node].before(o.From); uint64(h.made(o.Value)) < called {
		c.violated("I5 own removal", o, "removed here at %v", time.Duration(called))
	}
}

// I6, monotonic reads: a fresh answer on a node is not older than a committed
// write that a fresh answer from memory or the distributed layer had shown there
// before the read began. What a factory returns does not count: it may show a
// write that is still on its way from the source to the cache, and the callers of
// a load that was revoked get its result although it is stored nowhere. Nor, where
// the distributed layer is watched, does a loaded value that memory held until the
// server refused it. A layer that lags may go back; I1 bounds how far.
func (c *Checker) checkMonotonic(o *Operation, h *history) {
	if c.opts.Lagging {
		return
	}
	if want := h.least(h.seen[o.Node], o.From, o); o.Value.Version < want {
		c.violated("I6 monotonic reads", o, "v%d after v%d", o.Value.Version, want)
	}
}

// I7, own writes: a fresh answer on a node is not older than a write there that had
// returned, committed or not, before the read began, as long as the life of that had
// not ended when the answer was stored.
func (c *Checker) checkOwnWrites(o *Operation, h *history) {
	if want := h.least(h.written[o.Node], o.From, o); o.Value.Version < want {
		c.violated("I7 own writes", o, "v%d after writing v%d", o.Value.Version, want)
	}
}

// I13, deadline: a read returns within ReadLate of the end of its context, a write,
// which has to tell the other nodes, within WriteLate. A node that stood still is
// excused.
func (c *Checker) checkDeadline(o *Operation) {
	limit := c.opts.Bounds.ReadLate
	if o.Action.Writes() {
		limit = c.opts.Bounds.WriteLate
	}
	if o.Deadline == 0 || limit == 0 || o.Lost || c.paused(o) {
		return
	}
	if late := o.To - o.Deadline; late > limit+c.stalled(o.From, o.To) {
		c.violated("I13 deadline", o, "%v late", late)
	}
}

// I15, honest outcome: what was committed has been in the distributed layer, if
// that is watched.
func (c *Checker) checkStored(o *Operation) {
	if !c.opts.Watched || o.Action != Set || o.Status != Committed {
		return
	}
	if _, ok := c.keys[o.Key].stored[o.Value]; !ok {
		c.violated("I15 honest outcome", o, "committed, but never stored")
	}
}

// I15, the rest of it: what a Set that failed would have written is never seen.
// I16, a panic is contained: no answer is the zero value.
// I17, quarantine: no answer is damaged, or that of another key.
//
// It reports whether the value means anything to the other checks.
func (c *Checker) checkValue(o *Operation, h *history) bool {
	v := o.Value
	_, refused := h.refused[v]
	switch {
	case v.Version == 0:
		c.violated("I16 panic", o, "the zero value")
		return false
	case v.Key != o.Key || c.opts.Knows != nil && !c.opts.Knows(v):
		c.violated("I17 quarantine", o, "nobody has made it for k%d: %+v", o.Key, v)
		return false
	case refused && o.Level != core.LevelFactory:
		c.violated("I15 honest outcome", o, "the Set that made it has failed")
	}
	return true
}

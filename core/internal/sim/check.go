// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import "time"

// stale is the bound S of the invariants: how long a committed write may take
// to be seen by every reader, whatever goes wrong.
const stale = 6 * time.Second

// check looks at an operation when it returns. The invariants have the numbers
// of the design; every function below is one of them.
func (r *recorder) check(o *op) {
	if o.status != found || o.stale {
		return
	}
	h := &r.keys[o.key]
	r.checkStaleness(o, h)
	r.checkRemoved(o, h)
	r.checkMonotonic(o, h)
	r.checkOwnWrites(o, h)
}

// I1, bounded staleness, always: a fresh answer to a read that began more than S
// after a write was acknowledged as committed has at least its version.
func (r *recorder) checkStaleness(o *op, h *history) {
	if want := h.committed.before(o.from - stale); o.got.Version < want {
		r.violated("I1 staleness", o, "v%d, want at least v%d", o.got.Version, want)
	}
}

// I2, convergence: a read that began more than D after the last fault and the
// last write has the version of the source of truth.
func (r *recorder) checkConverged(o *op, want uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o.status != found || o.got.Version != want || o.stale {
		r.violated("I2 convergence", o, "want v%d", want)
	}
}

// I5, no resurrection: a fresh answer to a read that began more than S after a
// removal was acknowledged as committed was not made before the removal.
func (r *recorder) checkRemoved(o *op, h *history) {
	if called := h.removed.before(o.from - stale); uint64(o.got.Made) < called {
		r.violated("I5 resurrection", o, "removed at %v", instant(called))
	}
}

// I6, monotonic reads: a fresh answer on a node is not older than a committed
// write that a fresh answer from memory or the distributed layer had shown there
// before the read began. What a factory returns does not count: it may show a
// write that is still on its way from the source to the cache, and the callers of
// a load that was revoked get its result although it is stored nowhere.
func (r *recorder) checkMonotonic(o *op, h *history) {
	if want := h.seen[o.node].before(o.from); o.got.Version < want {
		r.violated("I6 monotonic reads", o, "v%d after v%d", o.got.Version, want)
	}
}

// I7, read your writes: a fresh answer on a node is not older than a write there
// that had returned, committed or not, before the read began.
func (r *recorder) checkOwnWrites(o *op, h *history) {
	if want := h.written[o.node].before(o.from); o.got.Version < want {
		r.violated("I7 own writes", o, "v%d after writing v%d", o.got.Version, want)
	}
}

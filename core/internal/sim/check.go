// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

// I3, single flight: of the factories that run for a key on a node, at most one
// can be joined. Others may run besides it, if their right to store was revoked.
func (r *recorder) checkFlights(o *op, joinable int) {
	if joinable <= 1 || o == nil {
		return
	}
	r.violated("I3 single flight", o.Key, o, "%d factories can be joined", joinable)
}

// I12, the queue: a node never owes more keys than it may.
func (r *recorder) checkDebts(n *node, owed int) {
	if limit := r.plan.Queue; limit > 0 && owed > limit {
		r.violated("I12 queue", 0, nil, "node %d owes %d keys, the limit is %d", n.index, owed, limit)
	}
}

// I12, the rest of it: what a node owed is settled before it closes, so that nothing
// is left to write then.
func (r *recorder) checkQueue(n *node, writes int64) {
	if writes > 0 {
		r.violated("I12 queue", 0, nil, "node %d wrote %d times when it closed", n.index, writes)
	}
}

// I19, closed: after Close every call gives ErrClosed.
func (r *recorder) checkClosed(n *node, err error) {
	if !errors.Is(err, core.ErrClosed) {
		r.violated("I19 closed", 0, nil, "node %d: a read after Close: %v", n.index, err)
	}
}

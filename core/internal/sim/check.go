// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"errors"
	"time"

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

// I14, isolation of cancellation: nobody gets the end of a context that is not his
// own, unless the cache is being closed.
func (r *recorder) checkIsolation(ctx context.Context, n *node, o *op) {
	if errors.Is(o.Err, context.Canceled) && ctx.Err() == nil && !n.gone.Load() {
		r.violated("I14 isolation", o.Key, o, "the context of the call has not ended")
	}
}

// I19, closed: after Close every call gives ErrClosed. That no goroutine is left,
// the bubble proves.
func (r *recorder) checkClosed(ctx context.Context, n *node) {
	_, _, get := n.cache.Get(ctx, keyNames[0])
	_, load := n.cache.GetOrSet(ctx, keyNames[0], func(context.Context, string) (value, error) { return value{}, errSource })
	_, set := n.cache.Set(ctx, keyNames[0], value{})
	_, remove := n.cache.Remove(ctx, keyNames[0])
	_, expire := n.cache.Expire(ctx, keyNames[0])
	_, removeTag := n.stack.RemoveByTag(ctx, tagNames[0])
	_, expireTag := n.stack.ExpireByTag(ctx, tagNames[0])
	_, clearAll := n.stack.Clear(ctx)
	_, expireAll := n.stack.ExpireAll(ctx)
	for i, err := range []error{get, load, set, remove, expire, removeTag, expireTag, clearAll, expireAll} {
		if !errors.Is(err, core.ErrClosed) {
			r.violated("I19 closed", 0, nil, "node %d: %v after Close: %v", n.index, action(i), err)
		}
	}
}

// I21, load: the nodes call the store a few times for an operation, and a few times a
// second without one. Package scale looks at many nodes.
func (r *recorder) checkLoad(calls int, length instant) {
	perOperation := callsPerOperation
	if r.plan.Locks {
		perOperation *= 2
	}
	limit := perOperation*r.Operations() + callsPerSecond*r.plan.Nodes*int(length/time.Second)
	if calls > limit {
		r.violated("I21 load", 0, nil, "%d calls, the limit is %d", calls, limit)
	}
}

const (
	callsPerOperation = 2
	callsPerSecond    = 3
)

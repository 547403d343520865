// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// context returns the context of the call.
func (rd *round) context() (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(rd.ctxs[0]))
	stops := make([]func() bool, len(rd.ctxs))
	var flying atomic.Int64
	flying.Store(int64(len(rd.ctxs)))
	for i, own := range rd.ctxs {
		stops[i] = context.AfterFunc(own, func() {
			if flying.Add(-1) == 0 {
				cancel(context.Cause(own))
			}
		})
	}
	if deadline, ok := latest(rd.ctxs); ok {
		ctx = limitedCall{ctx, deadline}
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel(nil)
	}
}

// latest returns the latest deadline of ctxs; ok is false if one has none.
func latest(ctxs []context.Context) (deadline time.Time, ok bool) {
	for _, ctx := range ctxs {
		d, ok := ctx.Deadline()
		if !ok {
			return d, false
		}
		if d.After(deadline) {
			deadline = d
		}
	}
	return deadline, true
}

// limitedCall is the context of a call whose flights all have a deadline. They end it;
// it only shows theirs.
type limitedCall struct {
	context.Context
	deadline time.Time
}

// Deadline implements context.Context.
func (c limitedCall) Deadline() (time.Time, bool) { return c.deadline, true }

// Err implements context.Context.
func (c limitedCall) Err() error {
	err := c.Context.Err()
	if err != nil && errors.Is(context.Cause(c.Context), context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return err
}

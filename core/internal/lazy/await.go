// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package lazy

import (
	"context"
	"sync"
	"time"
)

// Timers are timers to use again. The zero value is ready for use.
type Timers struct {
	pool   sync.Pool // *time.Timer
	alarms sync.Pool // *alarm
}

func (t *Timers) start(d time.Duration) *time.Timer {
	timer, ok := t.pool.Get().(*time.Timer)
	if !ok {
		return time.NewTimer(d)
	}
	timer.Reset(d)
	return timer
}

// stop takes a timer back. Since Go 1.23 no stale tick is left in it.
func (t *Timers) stop(timer *time.Timer) {
	timer.Stop()
	t.pool.Put(timer)
}

// Await waits until done is closed, or ctx has ended. It reports whether done was first.
func (t *Timers) Await(ctx context.Context, done <-chan struct{}) bool {
	var late <-chan time.Time
	if c, ok := ctx.(*Context); ok && c.patience {
		timer := t.start(time.Until(c.deadline))
		defer t.stop(timer)
		ctx, late = c.parent, timer.C
	}
	end := ctx.Done()
	if end == nil && late == nil {
		<-done // cheaper than to select
		return true
	}
	select {
	case <-done:
		return true
	case <-end:
	case <-late:
	}
	return false
}

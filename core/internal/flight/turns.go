// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// turns lets so many run at a time and has so many wait for that, first come first
// served.
//
// Invariant, under mu: nobody waits unless as many run as may.
type turns struct {
	limit, most int // that run, zero for no bound; that wait
	clock       core.Clock

	mu      sync.Mutex
	running int
	waiting list.List // of *turn
	closed  bool
}

// turn is what those share who run as one, and what one has who waits. Whoever runs
// alone at once has none.
type turn struct {
	holders int           // guarded by the lock of turns, as place and came are
	place   *list.Element // among those who wait; nil if it does not
	over    chan struct{} // closed when it does not wait any more; nil if it never has
	came    core.Instant  // when the wait has ended; zero if it has not, or never was
	err     error         // why it has not come; written before over is closed
}

// take returns a turn, that of company if it has one. Who may not wait is refused
// instead.
func (t *turns) take(company *Company, mayWait bool) (*turn, error) {
	if t.limit == 0 {
		return nil, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case company != nil && company.turn != nil:
		if company.turn.place != nil && !mayWait {
			return nil, core.ErrOverload
		}
		company.turn.holders++
		return company.turn, nil
	case t.running < t.limit:
		t.running++
		if company == nil {
			return nil, nil
		}
		company.turn = &turn{holders: 1}
		return company.turn, nil
	case t.closed:
		return nil, core.ErrClosed
	case !mayWait || t.waiting.Len() >= t.most:
		return nil, core.ErrOverload
	}
	own := &turn{holders: 1, over: make(chan struct{})}
	own.place = t.waiting.PushBack(own)
	if company != nil {
		company.turn = own
	}
	return own, nil
}

// give takes back what take returned.
func (t *turns) give(company *Company, own *turn) {
	if t.limit == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if own != nil {
		if own.holders--; own.holders > 0 {
			return
		}
		if company != nil {
			company.turn = nil
		}
		if own.place != nil || own.err != nil {
			t.dequeue(own, nil) // it has never come
			return
		}
	}
	if first := t.waiting.Front(); first != nil {
		t.dequeue(first.Value.(*turn), nil)
		return
	}
	t.running--
}

// dequeue ends the wait of own, if it does wait: it has come, unless there is an err.
// The lock is held.
func (t *turns) dequeue(own *turn, err error) {
	if own.place == nil {
		return
	}
	t.waiting.Remove(own.place)
	own.place, own.came, own.err = nil, t.clock.Now(), err
	close(own.over)
}

// waits reports whether own has not come yet.
func (t *turns) waits(own *turn) bool {
	if own == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return own.place != nil
}

// came returns when the wait for own has ended.
func (t *turns) came(own *turn) core.Instant {
	if own == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return own.came
}

// close has nobody wait any more.
func (t *turns) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for first := t.waiting.Front(); first != nil; first = t.waiting.Front() {
		t.dequeue(first.Value.(*turn), core.ErrClosed)
	}
}

// awaitTurn waits until c may run: for no longer than its factory may take, and only
// while somebody needs it.
func (c *Call) awaitTurn() error {
	if c.turn == nil || c.turn.over == nil {
		return nil
	}
	var late <-chan time.Time
	limit := c.request.Options.LoadTimeout
	if limit == 0 {
		limit = core.DefaultLoadTimeout
	}
	if limit != core.Forever {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-c.turn.over:
	case <-late:
		return fmt.Errorf("%w: no turn within %v", core.ErrOverload, limit)
	case <-c.ctx.Done():
		return context.Cause(c.ctx)
	}
	if c.turn.err != nil {
		return c.turn.err
	}
	c.waited()
	return nil
}

// waited notes that what the distributed layer has said is old. The keys of a company
// were read in one go, and would be read one by one now: theirs has to do.
func (c *Call) waited() {
	const skips = core.SkipDistributedRead | core.SkipDistributedReadWhenStale
	if c.request.Options.Skip&skips == 0 && companyOf(c.request.Factory) == nil {
		c.request.Unread = true
	}
}

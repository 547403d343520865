// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redislock

import (
	"context"
	"time"
)

// topic is a lock that somebody waits for.
type topic struct {
	waiters map[*waiter]struct{}
	asked   bool // the present connection was told to subscribe
}

// waiter is one call of Wait.
type waiter struct {
	name   string
	freed  chan struct{}   // closed when the lock is released
	heard  chan struct{}   // holds one when the subscription is confirmed
	ended  <-chan struct{} // closed when the locker is
	joined bool            // the subscription was confirmed once; for who waits only
}

// join has the hub subscribe to a release of the lock of name.
func (h *hub) join(of string) (*waiter, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errClosed
	}
	if !h.started {
		h.started = true
		h.running.Go(h.receive)
		h.running.Go(h.subscribe)
	}
	w := &waiter{name: of, freed: make(chan struct{}), heard: make(chan struct{}, 1), ended: h.ctx.Done()}
	t := h.topics[of]
	if t == nil {
		t = &topic{waiters: make(map[*waiter]struct{})}
		h.topics[of] = t
	}
	t.waiters[w] = struct{}{}
	t.asked = false // the answer is what w waits for
	tell(h.changed)
	tell(h.wanted)
	return w, nil
}

// leave ends what join began.
func (h *hub) leave(w *waiter) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[w.name]
	delete(t.waiters, w)
	if len(t.waiters) == 0 {
		t.asked = false // to be unsubscribed
		tell(h.changed)
	}
}

// confirmed has those who wait for the lock of name ask whether it is free: before
// now they could not have heard of it.
func (h *hub) confirmed(of string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.topics[of]; t != nil {
		for w := range t.waiters {
			tell(w.heard)
		}
	}
}

// released wakes those who wait for the lock of name.
func (h *hub) released(of string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.topics[of]; t != nil {
		for w := range t.waiters {
			select {
			case <-w.freed:
			default:
				close(w.freed)
			}
		}
	}
}

// next waits until there is a release, a confirmation, or for d.
func (w *waiter) next(ctx context.Context, d time.Duration) (freed bool, err error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-w.freed:
		return true, nil
	case <-w.heard:
		w.joined = true
		return false, nil
	case <-w.ended:
		return false, errClosed
	case <-timer.C:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

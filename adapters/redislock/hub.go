// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redislock

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// errClosed is what those get who wait when the locker is closed.
var errClosed = errors.New("locker is closed")

const (
	// subscribeTimeout is how long the server may take to confirm a subscription.
	subscribeTimeout = time.Second

	// repairPause is the pause before a connection that broke is made anew, while
	// somebody waits.
	repairPause = 100 * time.Millisecond
)

// hub keeps one connection for all who wait for a release: one goroutine receives,
// another one subscribes and unsubscribes. Both start with the first who waits.
//
// Invariant: a name is subscribed to, or about to be, while somebody waits for it.
type hub struct {
	client   redis.UniversalClient
	patience time.Duration
	ctx      context.Context // ends with close
	cancel   context.CancelFunc
	changed  chan struct{} // holds one if topics have come or gone
	wanted   chan struct{} // holds one if somebody has begun to wait
	running  sync.WaitGroup

	mu      sync.Mutex
	started bool
	closed  bool
	pubsub  *redis.PubSub // the present one; nil while there is none
	topics  map[string]*topic
}

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
	joined bool            // the subscription was confirmed; for next only
}

func newHub(client redis.UniversalClient) *hub {
	ctx, cancel := newRoot()
	return &hub{client: client, patience: subscribeTimeout, ctx: ctx, cancel: cancel, changed: make(chan struct{}, 1), wanted: make(chan struct{}, 1), topics: make(map[string]*topic)}
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

func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
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

// subscribe tells the server which names somebody waits for, until the end.
func (h *hub) subscribe() {
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-h.changed:
		}
		pubsub, come, gone := h.plan()
		if pubsub == nil {
			continue // receive tells when there is one
		}
		within, cancel := context.WithTimeout(h.ctx, subscribeTimeout)
		if len(gone) > 0 {
			_ = pubsub.Unsubscribe(within, gone...)
		}
		if len(come) > 0 {
			if err := pubsub.Subscribe(within, come...); err != nil {
				h.suspect(err)
				h.renew()
			}
		}
		cancel()
	}
}

// plan returns what the present connection has to be told.
func (h *hub) plan() (pubsub *redis.PubSub, come, gone []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pubsub == nil {
		return nil, nil, nil
	}
	for of, t := range h.topics {
		switch {
		case len(t.waiters) == 0:
			delete(h.topics, of)
			gone = append(gone, of)
		case !t.asked:
			t.asked = true
			come = append(come, of)
		}
	}
	return h.pubsub, come, gone
}

// receive passes on what the server says, over one connection after another,
// until the end. It connects only when somebody waits.
func (h *hub) receive() {
	for h.await() {
		pubsub := h.open()
		for {
			frame, err := pubsub.Receive(h.ctx)
			if err != nil {
				h.suspect(err)
				break
			}
			switch frame := frame.(type) {
			case *redis.Subscription:
				if frame.Kind == "subscribe" {
					h.confirmed(frame.Channel)
				}
			case *redis.Message:
				h.released(frame.Channel)
			}
		}
		h.lost(pubsub)
		select {
		case <-time.After(repairPause):
		case <-h.ctx.Done():
		}
	}
}

// suspect takes note that a connection has failed, before the end.
func (h *hub) suspect(err error) {
	if h.ctx.Err() == nil {
		suspectTopology(h.ctx, h.client, err)
	}
}

// await waits until somebody waits. It returns false at the end.
func (h *hub) await() bool {
	for h.ctx.Err() == nil {
		h.mu.Lock()
		anyone := len(h.topics) > 0
		h.mu.Unlock()
		if anyone {
			return true
		}
		select {
		case <-h.wanted:
		case <-h.ctx.Done():
		}
	}
	return false
}

// open makes a new connection the present one. It is dialled by who uses it
// first. Once the hub is closed nobody can: close may have looked for it before.
func (h *hub) open() *redis.PubSub {
	pubsub := h.client.Subscribe(h.ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		_ = pubsub.Close()
		return pubsub
	}
	h.pubsub = pubsub
	for of, t := range h.topics {
		t.asked = false
		if len(t.waiters) == 0 {
			delete(h.topics, of)
		}
	}
	tell(h.changed)
	return pubsub
}

// renew gives the present connection up; receive makes another.
func (h *hub) renew() {
	h.mu.Lock()
	pubsub := h.pubsub
	h.pubsub = nil
	h.mu.Unlock()
	if pubsub != nil {
		_ = pubsub.Close()
	}
}

func (h *hub) lost(pubsub *redis.PubSub) {
	h.mu.Lock()
	if h.pubsub == pubsub {
		h.pubsub = nil
	}
	h.mu.Unlock()
	_ = pubsub.Close()
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

func (h *hub) close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.cancel()
	h.renew()
	h.running.Wait()
}

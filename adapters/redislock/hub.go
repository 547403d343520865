// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redislock

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/internal/redislink"
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

func newHub(client redis.UniversalClient) *hub {
	ctx, cancel := newRoot()
	return &hub{client: client, patience: subscribeTimeout, ctx: ctx, cancel: cancel, changed: make(chan struct{}, 1), wanted: make(chan struct{}, 1), topics: make(map[string]*topic)}
}

func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
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
		redislink.SuspectTopology(h.ctx, h.client, err)
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
// first. Once the hub is closed, so is the connection: close may have looked for one
// before.
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

func (h *hub) close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.cancel()
	h.renew()
	h.running.Wait()
}

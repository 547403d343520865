// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisconn

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// held is the value of Watch.last while the subscriber is being called.
const held = -1

// Watch finds out that a peer has fallen silent, which go-redis never does: it asks
// with PING when nothing was heard for a while.
type Watch struct {
	pubsub  *redis.PubSub
	period  time.Duration
	start   time.Time
	last    atomic.Int64 // nanoseconds from start to the last sign of life, or held
	signs   atomic.Int64 // of life so far
	stalled bool         // the verdict
}

// NewWatch returns the watch of a subscription. After twice the period without a
// sign of life the peer counts as stalled.
func NewWatch(pubsub *redis.PubSub, period time.Duration) *Watch {
	return &Watch{pubsub: pubsub, period: period, start: time.Now()}
}

// Heard notes a sign of life.
func (w *Watch) Heard() {
	w.last.Store(int64(time.Since(w.start)))
	w.signs.Add(1)
}

// Hold says that nothing can be heard until the next call of Heard, because the
// subscriber is busy: a slow one must not pass for a stalled peer.
func (w *Watch) Hold() {
	w.last.Store(held)
	w.signs.Add(1)
}

// quiet returns for how long nothing has been heard.
func (w *Watch) quiet() time.Duration {
	last := w.last.Load()
	if last == held {
		return 0
	}
	return time.Since(w.start) - time.Duration(last)
}

// Run returns false as soon as received is closed, and true when ctx has ended
// or the peer has stalled, so that the subscription must be ended.
func (w *Watch) Run(ctx context.Context, received <-chan struct{}) bool {
	timer := time.NewTimer(w.period)
	defer timer.Stop()
	asked := int64(-1) // the signs of life there were when PING was sent
	for {
		select {
		case <-received:
			return false
		case <-ctx.Done():
			return true
		case <-timer.C:
		}
		if Done(ctx) != nil {
			return true
		}
		// The answer counts, not its age: this goroutine may be the late one.
		if w.signs.Load() == asked {
			w.stalled = true
			return true
		}
		wait := w.period - w.quiet()
		if wait <= 0 {
			asked = w.signs.Load()
			w.ask(ctx)
			wait = w.period
		}
		timer.Reset(wait)
	}
}

// Stalled reports whether the peer was found silent. It may be asked when Run has
// returned.
func (w *Watch) Stalled() bool { return w.stalled }

// ask sends PING. An error is the receiver's to notice: go-redis has then
// replaced the connection, or will with the next Receive.
func (w *Watch) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, w.period)
	defer cancel()
	_ = w.pubsub.Ping(ctx)
}

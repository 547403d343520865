// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// held is the value of watch.last while the subscriber is being called.
const held = -1

// watch finds out that a peer has fallen silent.
type watch struct {
	pubsub  *redis.PubSub
	period  time.Duration
	start   time.Time
	last    atomic.Int64 // nanoseconds from start to the last sign of life, or held
	signs   atomic.Int64 // of life so far
	stalled bool         // the verdict; to be read after run
}

func newWatch(pubsub *redis.PubSub, period time.Duration) *watch {
	return &watch{pubsub: pubsub, period: period, start: time.Now()}
}

// heard notes a sign of life.
func (w *watch) heard() {
	w.last.Store(int64(time.Since(w.start)))
	w.signs.Add(1)
}

// hold says that nothing can be heard until the next call of heard, because the
// subscriber is busy: a slow one must not pass for a stalled peer.
func (w *watch) hold() {
	w.last.Store(held)
	w.signs.Add(1)
}

// quiet returns for how long nothing has been heard.
func (w *watch) quiet() time.Duration {
	last := w.last.Load()
	if last == held {
		return 0
	}
	return time.Since(w.start) - time.Duration(last)
}

// run returns false as soon as received is closed, and true when ctx has ended
// or the peer has stalled, so that the subscription must be ended.
func (w *watch) run(ctx context.Context, received <-chan struct{}) bool {
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
		if doneErr(ctx) != nil {
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

// ask sends PING. An error is the receiver's to notice: go-redis has then
// replaced the connection, or will with the next Receive.
func (w *watch) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, w.period)
	defer cancel()
	_ = w.pubsub.Ping(ctx)
}

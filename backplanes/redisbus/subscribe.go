// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisbus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/backplanes/internal/redisconn"
	"github.com/fusioncache-go/fusioncache/core"
)

// Subscribe delivers messages to s until ctx ends or the subscription is lost;
// see [core.Backplane]. A broken connection is repaired once, at once, and
// reported by Joined(false). When the repair fails, or the connection breaks
// again within Options.Liveness, Subscribe returns and the pause before the next
// attempt is the caller's. Messages longer than MaxMessageLen, which are not
// from here, are delivered too.
func (b *Backplane) Subscribe(ctx context.Context, s core.Subscriber) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := b.subscribe(ctx, s)
	if done := redisconn.Done(ctx); done != nil {
		return done
	}
	return b.failure(ctx, "subscription to", err)
}

// subscribe runs one subscription: the caller's goroutine receives, a second one
// watches, and both have ended when it returns.
func (b *Backplane) subscribe(ctx context.Context, s core.Subscriber) error {
	// go-redis would take a deadline as one for the next message.
	reading, stopReading := context.WithCancel(context.WithoutCancel(ctx))
	pubsub := b.client.Subscribe(reading)
	end := func() {
		stopReading()
		_ = pubsub.Close()
	}
	defer end()
	if err := b.request(ctx, pubsub); err != nil {
		return err
	}

	w := redisconn.NewWatch(pubsub, b.liveness)
	received := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		if w.Run(ctx, received) {
			end()
		}
	})
	r := receiver{pubsub: pubsub, subscriber: s, watch: w, period: b.liveness}
	err := r.run(reading)
	close(received)
	watching.Wait()
	if w.Stalled() {
		return ErrStalled
	}
	return err
}

// request connects and asks for the channel, without waiting for the answer.
func (b *Backplane) request(ctx context.Context, pubsub *redis.PubSub) error {
	limited, cancel := context.WithTimeout(ctx, 2*b.liveness)
	defer cancel()
	ask := pubsub.Subscribe
	if b.sharded {
		ask = pubsub.SSubscribe
	}
	err := ask(limited, b.channel)
	if err != nil && redisconn.Done(limited) != nil && redisconn.Done(ctx) == nil {
		return fmt.Errorf("%w while connecting", ErrStalled)
	}
	return err
}

// receiver hands over what arrives on a subscription.
type receiver struct {
	pubsub     *redis.PubSub
	subscriber core.Subscriber
	watch      *redisconn.Watch
	period     time.Duration // of the watch
	buf        []byte        // of the message under way
	broken     bool          // nothing has arrived since the connection broke
	brokeAt    time.Time     // the last time
}

// run returns when the subscription cannot go on.
func (r *receiver) run(ctx context.Context) error {
	for {
		// Without a timeout: one that strikes in the middle of a message would
		// leave go-redis reading the rest as if it were the next.
		frame, err := r.pubsub.Receive(ctx)
		if err == nil {
			r.broken = false
			err = r.handle(frame)
		} else if r.mayRepair(err) {
			continue
		}
		if err != nil {
			return err
		}
	}
}

// mayRepair reports whether to go on after a failed Receive: go-redis has
// connected and subscribed anew, or tries to with the next Receive.
func (r *receiver) mayRepair(err error) bool {
	if _, reply := errors.AsType[redis.Error](err); reply {
		return false
	}
	now := time.Now()
	again := r.broken || (!r.brokeAt.IsZero() && now.Sub(r.brokeAt) < r.period)
	r.broken, r.brokeAt = true, now
	return !again
}

func (r *receiver) handle(frame any) error {
	r.watch.Hold()
	defer r.watch.Heard()
	switch frame := frame.(type) {
	case *redis.Subscription:
		if frame.Kind != "subscribe" && frame.Kind != "ssubscribe" {
			return fmt.Errorf("server ended it with %q", frame.Kind)
		}
		r.subscriber.Joined(false)
	case *redis.Message:
		r.buf = append(r.buf[:0], frame.Payload...)
		r.subscriber.Message(r.buf)
		if cap(r.buf) > 2*MaxMessageLen {
			r.buf = nil
		}
	}
	return nil
}

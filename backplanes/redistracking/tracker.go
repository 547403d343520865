// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/redis/go-redis/v9/push"

	"github.com/fusioncache-go/fusioncache/backplanes/internal/redisconn"
)

// channel makes a connection one of a subscriber, for which Redis keeps a limited
// amount of what is not read; for others it keeps everything. Nothing is ever
// sent there.
const channel = "__redis__:invalidate"

var errBroken = errors.New("connection was lost")

// tracker is one connection that hears of changes. It is not repaired.
type tracker struct {
	client *redis.Client
	pubsub *redis.PubSub
	watch  *redisconn.Watch
	to     *joint
	end    func() // ends the connection; may be called more than once
}

// track connects and returns when the server tracks. run must be called.
func (b *Backplane) track(ctx context.Context, o redis.Options, j *joint) (*tracker, error) {
	t := &tracker{client: redis.NewClient(b.tracking(o)), to: j}
	// go-redis would take a deadline as one for the next message.
	reading, stopReading := context.WithCancel(context.WithoutCancel(ctx))
	t.pubsub = t.client.Subscribe(reading)
	t.watch = redisconn.NewWatch(t.pubsub, b.options.Liveness)
	t.end = sync.OnceFunc(func() {
		stopReading()
		_ = t.pubsub.Close()
		_ = t.client.Close()
	})
	if err := t.begin(ctx, b); err != nil {
		t.end()
		return nil, err
	}
	return t, nil
}

func (t *tracker) begin(ctx context.Context, b *Backplane) error {
	stop := context.AfterFunc(ctx, t.end)
	defer stop()
	if err := t.client.RegisterPushNotificationHandler("invalidate", t, false); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, b.options.Liveness)
	defer cancel()
	err := t.pubsub.Subscribe(limited, channel)
	if err == nil {
		_, err = t.pubsub.ReceiveTimeout(limited, b.options.Liveness)
	}
	if err != nil && redisconn.Done(limited) != nil && redisconn.Done(ctx) == nil {
		return fmt.Errorf("%w while connecting", ErrStalled)
	}
	return err
}

// tracking returns options for one connection that tracks from its beginning. A
// second one is refused: what has changed between the two would be missed.
func (b *Backplane) tracking(o redis.Options) *redis.Options {
	command := []any{"client", "tracking", "on", "bcast"}
	for _, p := range b.prefixes {
		command = append(command, "prefix", p)
	}
	var connected atomic.Bool
	inner := o.OnConnect
	o.OnConnect = func(ctx context.Context, conn *redis.Conn) error {
		if connected.Swap(true) {
			return errBroken
		}
		if inner != nil {
			if err := inner(ctx, conn); err != nil {
				return err
			}
		}
		return conn.Do(ctx, command...).Err()
	}
	o.Protocol = 3 // with 2 there are no notifications
	o.ContextTimeoutEnabled = true
	o.DialTimeout = min(o.DialTimeout, b.options.Liveness)
	o.ReadTimeout, o.WriteTimeout = b.options.Liveness, b.options.Liveness
	o.MaxRetries, o.DialerRetries = -1, 1
	// A pool of one that fails to connect would keep a goroutine for a while.
	o.PoolSize, o.MinIdleConns, o.PipelinePoolSize = 2, 0, -1
	o.ConnMaxIdleTime, o.ConnMaxLifetime, o.ConnMaxLifetimeJitter = -1, 0, 0
	o.Limiter = nil
	o.ClientSideCache, o.ClientSideCacheConfig, o.PushNotificationProcessor = nil, nil, nil
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &o
}

// run hands over changes until ctx ends or the connection is lost: its goroutine
// receives, a second one watches, and both have ended when it returns.
func (t *tracker) run(ctx context.Context) error {
	defer t.end()
	received := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		if t.watch.Run(ctx, received) {
			t.end()
		}
	})
	err := t.receive(ctx)
	close(received)
	watching.Wait()
	if t.watch.Stalled() {
		return ErrStalled
	}
	return err
}

func (t *tracker) receive(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	for {
		// Without a timeout: one that strikes in the middle of a frame would leave
		// go-redis reading the rest as if it were the next.
		frame, err := t.pubsub.Receive(ctx)
		if err != nil {
			return err
		}
		t.watch.Heard()
		if s, ok := frame.(*redis.Subscription); ok {
			return fmt.Errorf("server ended it with %q", s.Kind)
		}
	}
}

// HandlePushNotification implements push.NotificationHandler. The keys that have
// changed are in an array behind the name of the notification; no array means all
// of them.
func (t *tracker) HandlePushNotification(_ context.Context, _ push.NotificationHandlerContext, notification []any) error {
	t.watch.Hold()
	defer t.watch.Heard()
	if len(notification) < 2 {
		return nil
	}
	if keys, ok := notification[1].([]any); ok {
		t.to.changed(keys)
	} else {
		t.to.flushed()
	}
	return nil
}

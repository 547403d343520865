// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisstream

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

var errBroken = errors.New("connection was lost")

// link is one connection to the server, with a client of its own around it. It
// is never replaced by another connection behind our back: that could lead to a
// server which has lost something.
type link struct {
	*redis.Client
	server string // which process it leads to: its run ID, if it has one
	end    func()
}

// open connects. The link is closed when ctx ends, so that nothing waits for an
// answer any more, or with close.
func (b *Backplane) open(ctx context.Context) (*link, error) {
	options, err := b.server(ctx)
	if err != nil {
		return nil, err
	}
	l := &link{}
	var connected atomic.Bool
	inner := options.OnConnect
	options.OnConnect = func(ctx context.Context, conn *redis.Conn) error {
		if connected.Swap(true) {
			return errBroken
		}
		if inner == nil {
			return nil
		}
		return inner(ctx, conn)
	}
	l.Client = redis.NewClient(b.single(options))
	l.end = closeWith(ctx, l.Client)
	if l.server, err = l.identify(ctx, b.options.Liveness); err != nil {
		l.end()
		return nil, err
	}
	return l, nil
}

// single returns options for one connection that fails early and is not repaired.
func (b *Backplane) single(o redis.Options) *redis.Options {
	o.ContextTimeoutEnabled = true
	o.DialTimeout = min(o.DialTimeout, b.options.Liveness)
	o.ReadTimeout = 2 * b.options.Liveness
	o.WriteTimeout = b.options.Liveness
	o.MaxRetries, o.DialerRetries = -1, 1
	// A pool of one that fails to connect would keep a goroutine for a while.
	o.PoolSize, o.MinIdleConns, o.PipelinePoolSize = 2, 0, -1
	o.ConnMaxIdleTime, o.ConnMaxLifetime, o.ConnMaxLifetimeJitter = -1, 0, 0
	o.Limiter = nil
	o.ClientSideCache, o.ClientSideCacheConfig, o.PushNotificationProcessor = nil, nil, nil
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &o
}

// closeWith closes client when ctx ends or end is called, which waits for it.
func closeWith(ctx context.Context, client *redis.Client) (end func()) {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = client.Close()
	})
	return func() {
		if stop() {
			_ = client.Close()
			return
		}
		<-closed
	}
}

// identify asks the server for its run ID, which is new with each start.
func (l *link) identify(ctx context.Context, within time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	info, err := l.Info(ctx, "server").Result()
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(info) {
		if id, ok := strings.CutPrefix(line, "run_id:"); ok {
			return strings.TrimSpace(id), nil
		}
	}
	return "", nil
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redislock

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
)

var (
	errTTL       = errors.New("ttl must be positive")
	errNilClient = errors.New("client is nil")
	errDeadlines = errors.New("client ignores deadlines: set its ContextTimeoutEnabled, or Options.AcceptLateDeadlines")
	errReplicas  = errors.New("client has replicas answer reads, which may not know yet who holds a lock: give the locks a client of their own")
	errKind      = errors.New("client is neither that of a server, of sentinels nor of a cluster")
)

// Options of [New]. Nil and the zero value are the defaults.
type Options struct {
	// AcceptLateDeadlines takes a client that ignores the deadlines of contexts,
	// as go-redis does by default. Without it New refuses such a client.
	AcceptLateDeadlines bool
}

// Locker is a [core.Locker] on Redis. It is safe for many goroutines at once.
type Locker struct {
	client redis.UniversalClient
	hub    *hub
}

var _ core.Locker = (*Locker)(nil)

// New returns a locker on client, which stays the caller's to close, after
// [Locker.Close]. It sends nothing.
func New(client redis.UniversalClient, opts *Options) (*Locker, error) {
	if opts == nil {
		opts = &Options{}
	}
	if err := checkClient(client, opts.AcceptLateDeadlines); err != nil {
		return nil, fmt.Errorf("redislock: %w", err)
	}
	return &Locker{client: client, hub: newHub(client)}, nil
}

func checkClient(client redis.UniversalClient, late bool) error {
	switch c := client.(type) {
	case nil:
		return errNilClient
	case *redis.Client:
		if c == nil {
			return errNilClient
		}
		late = late || c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		if c == nil {
			return errNilClient
		}
		if c.Options().ReadOnly { // RouteByLatency and RouteRandomly have set it
			return errReplicas
		}
		late = late || c.Options().ContextTimeoutEnabled
	default:
		return errKind
	}
	if !late {
		return errDeadlines
	}
	return nil
}

// TryLock implements [core.Locker]. The ttl is rounded up to a millisecond.
func (l *Locker) TryLock(ctx context.Context, name string, ttl time.Duration) (core.Lease, error) {
	if ttl <= 0 {
		return nil, fmt.Errorf("redislock: lock %q: %w", name, errTTL)
	}
	token := rand.Text()
	fence, err := l.run(ctx, takeScript, name, token, milliseconds(ttl))
	if err != nil {
		return nil, failure(ctx, "lock", name, err)
	}
	if fence == 0 {
		return nil, nil
	}
	return &lease{locker: l, name: name, token: token, fence: uint64(fence)}, nil
}

// Wait implements [core.Locker]. It asks for the life of the lock once it is
// subscribed, and again when that has ended.
func (l *Locker) Wait(ctx context.Context, name string) error {
	w, err := l.hub.join(name)
	if err != nil {
		return failure(ctx, "wait for", name, err)
	}
	defer l.hub.leave(w)
	left := l.hub.patience
	for {
		freed, err := w.next(ctx, left)
		if freed {
			return nil
		}
		if err != nil {
			return failure(ctx, "wait for", name, err)
		}
		if !w.joined {
			l.hub.renew() // a connection that does not answer
		}
		if left, err = l.left(ctx, name); err != nil {
			return failure(ctx, "wait for", name, err)
		}
		if left <= 0 {
			return nil
		}
	}
}

// left returns for how long the lock of name is held, 0 if it is not.
func (l *Locker) left(ctx context.Context, name string) (time.Duration, error) {
	cmd := redis.NewIntCmd(ctx, "pttl", name)
	if err := l.send(ctx, cmd); err != nil {
		return 0, err
	}
	if cmd.Val() < 0 {
		return 0, nil
	}
	return time.Duration(cmd.Val()+1) * time.Millisecond, nil
}

// Close ends the goroutines of those who wait, who get an error, and waits for
// them. The client stays open. Closing twice is fine.
func (l *Locker) Close() error {
	l.hub.close()
	return nil
}

// lease implements [core.Lease].
type lease struct {
	locker *Locker
	name   string
	token  string
	fence  uint64
}

// Fence implements [core.Lease].
func (l *lease) Fence() uint64 { return l.fence }

// Renew implements [core.Lease].
func (l *lease) Renew(ctx context.Context, ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("redislock: renew %q: %w", l.name, errTTL)
	}
	done, err := l.locker.run(ctx, renewScript, l.name, l.token, milliseconds(ttl))
	if err == nil && done == 0 {
		err = core.ErrLeaseLost
	}
	if err != nil {
		return failure(ctx, "renew", l.name, err)
	}
	return nil
}

// Release implements [core.Lease].
func (l *lease) Release(ctx context.Context) error {
	if _, err := l.locker.run(ctx, releaseScript, l.name, l.token); err != nil {
		return failure(ctx, "release", l.name, err)
	}
	return nil
}

// milliseconds rounds up, so that a short ttl never becomes none.
func milliseconds(ttl time.Duration) int64 {
	return int64((ttl + time.Millisecond - 1) / time.Millisecond)
}

// failure makes the error of a method: it names operation and lock, and wraps the
// context's error if the context is done. A deadline counts as soon as it has
// passed: the socket notices it before the timer of the context does.
func failure(ctx context.Context, op, name string, err error) error {
	done := ctx.Err()
	if deadline, ok := ctx.Deadline(); done == nil && ok && !time.Now().Before(deadline) {
		done = context.DeadlineExceeded
	}
	if done != nil && !errors.Is(err, done) {
		return fmt.Errorf("redislock: %s %q: %w: %w", op, name, done, err)
	}
	return fmt.Errorf("redislock: %s %q: %w", op, name, err)
}

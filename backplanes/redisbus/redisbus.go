// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisbus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
)

var (
	_ core.Backplane   = (*Backplane)(nil)
	_ core.Pinger      = (*Backplane)(nil)
	_ core.OutletOwner = (*Backplane)(nil)
)

const (
	// MaxMessageLen is the longest message, in bytes, that Publish accepts.
	MaxMessageLen = 64 << 10

	// DefaultLiveness is the default of [Options].Liveness.
	DefaultLiveness = time.Second

	minLiveness = 10 * time.Millisecond
)

// ErrStalled is wrapped by what Subscribe returns when the server kept the
// connection open and stopped answering.
var ErrStalled = errors.New("server stopped answering")

// Options of [New]. Nil and the zero value are the defaults.
type Options struct {
	// Liveness is how long a subscription may be silent before the server is
	// asked for a sign of life, and how long the answer may take: a peer that
	// has stopped is noticed after twice this time. Connecting may take twice
	// this time too. At least 10 ms. 0: DefaultLiveness.
	Liveness time.Duration

	// Sharded uses the sharded publish/subscribe of Redis 7: on a cluster a
	// message goes to the nodes of one slot instead of to all nodes. All members
	// of a channel must agree on it.
	Sharded bool

	// AcceptLateDeadlines takes a client that ignores the deadlines of contexts,
	// as go-redis does by default. Without it New refuses such a client.
	AcceptLateDeadlines bool
}

// Backplane is one channel. It is safe for many goroutines at once. Between
// calls it has no goroutine and no connection of its own; each Subscribe takes
// one connection beside the client's pool.
type Backplane struct {
	client   redis.UniversalClient
	channel  string
	liveness time.Duration
	sharded  bool
}

// New returns the backplane called channel on client, which stays the caller's
// to close, after the last subscription has ended. It sends nothing. The error
// names everything that is wrong. Settings that suit the client are returned by
// ClientOptions of the package redisdist.
func New(client redis.UniversalClient, channel string, opts *Options) (*Backplane, error) {
	if opts == nil {
		opts = &Options{}
	}
	b := &Backplane{client: client, channel: channel, liveness: opts.Liveness, sharded: opts.Sharded}
	if b.liveness == 0 {
		b.liveness = DefaultLiveness
	}
	if err := b.check(opts.AcceptLateDeadlines); err != nil {
		return nil, fmt.Errorf("redisbus: %w", err)
	}
	return b, nil
}

func (b *Backplane) check(late bool) error {
	var wrong []error
	if err := checkClient(b.client, late); err != nil {
		wrong = append(wrong, err)
	}
	if b.channel == "" {
		wrong = append(wrong, errors.New("channel is empty"))
	}
	if b.liveness < minLiveness {
		wrong = append(wrong, &core.OptionError{Option: "Options.Liveness", Err: fmt.Errorf("%v is less than %v", b.liveness, minLiveness)})
	}
	return errors.Join(wrong...)
}

// Publish sends msg once, and fails when the server does not confirm it; then it
// may or may not have been delivered. A message longer than MaxMessageLen is
// refused.
func (b *Backplane) Publish(ctx context.Context, msg []byte) error {
	if len(msg) > MaxMessageLen {
		return fmt.Errorf("redisbus: publish to %q: message has %d bytes, more than %d", b.channel, len(msg), MaxMessageLen)
	}
	verb := "publish"
	if b.sharded {
		verb = "spublish"
	}
	if err := b.send(ctx, redis.NewIntCmd(ctx, verb, b.channel, msg)); err != nil {
		return b.failure(ctx, "publish to", err)
	}
	return nil
}

// Outlet returns the client and the channel, so that a distributed layer on the
// same client can publish together with its writes. A sharded channel has none:
// its messages belong to the node of a slot.
func (b *Backplane) Outlet() core.Outlet {
	if b.sharded {
		return core.Outlet{}
	}
	return core.Outlet{Server: b.client, Channel: b.channel}
}

// Ping asks the server whether it answers; of a cluster, one of its masters.
func (b *Backplane) Ping(ctx context.Context) error {
	if err := b.send(ctx, redis.NewStatusCmd(ctx, "ping")); err != nil {
		return b.failure(ctx, "ping for", err)
	}
	return nil
}

// send runs cmd once. A context that is done sends nothing.
func (b *Backplane) send(ctx context.Context, cmd redis.Cmder) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.client.Process(ctx, once{cmd})
}

// once is a command that go-redis must not repeat, whatever the client is set
// to: an old message that arrives late is worse than an error.
type once struct{ redis.Cmder }

// NoRetry overrides what the client is set to.
func (once) NoRetry() bool { return true }

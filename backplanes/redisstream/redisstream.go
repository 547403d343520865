// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
)

var (
	_ core.Backplane = (*Backplane)(nil)
	_ core.Pinger    = (*Backplane)(nil)
)

const (
	// MaxMessageLen is the longest message, in bytes, that Publish accepts.
	MaxMessageLen = 64 << 10

	// DefaultMaxLen is the default of [Options].MaxLen.
	DefaultMaxLen = 10_000

	// DefaultLiveness is the default of [Options].Liveness.
	DefaultLiveness = time.Second

	// DefaultRepair is the default of [Options].Repair.
	DefaultRepair = time.Minute

	minLiveness = 10 * time.Millisecond
)

// ErrStalled is wrapped by what Subscribe returns when the server kept the
// connection open and stopped answering, until the end of [Options].Repair.
var ErrStalled = errors.New("server stopped answering")

// Options of [New]. Nil and the zero value are the defaults.
type Options struct {
	// MaxLen is how many messages the stream keeps; Redis may keep some hundred
	// more, which is cheaper for it. All members of a stream should agree on it.
	// 0: DefaultMaxLen.
	MaxLen int64

	// Liveness is how long one question for new messages waits for some, and how
	// much longer its answer may take: a peer that has stopped is noticed after
	// twice this time. Each attempt to connect may take this time, too. From 10 ms
	// to a minute. 0: DefaultLiveness.
	Liveness time.Duration

	// Repair is how long a subscription whose connection broke tries to connect
	// again, and remembers where it was. After that Subscribe returns.
	// 0: DefaultRepair.
	Repair time.Duration

	// AcceptLateDeadlines takes a client that ignores the deadlines of contexts,
	// as go-redis does by default. Without it New refuses such a client.
	AcceptLateDeadlines bool
}

// Backplane is one stream. It is safe for many goroutines at once. Between calls
// it has no goroutine and no connection of its own; each Subscribe takes one
// connection beside the client's pool.
type Backplane struct {
	client  redis.UniversalClient
	stream  string
	options Options
}

// New returns the backplane on the stream with that name, which the first message
// or subscription creates. client stays the caller's to close, after the last
// subscription has ended; it must be a *redis.Client or a *redis.ClusterClient.
// Settings that suit it are returned by ClientOptions of the package redisdist.
// Subscriptions connect with the same settings, but not through hooks of the
// client. New sends nothing. The error names everything that is wrong.
func New(client redis.UniversalClient, stream string, opts *Options) (*Backplane, error) {
	if opts == nil {
		opts = &Options{}
	}
	b := &Backplane{client: client, stream: stream, options: *opts}
	b.options.MaxLen = cmp.Or(opts.MaxLen, DefaultMaxLen)
	b.options.Liveness = cmp.Or(opts.Liveness, DefaultLiveness)
	b.options.Repair = cmp.Or(opts.Repair, DefaultRepair)
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("redisstream: %w", err)
	}
	return b, nil
}

func (b *Backplane) check() error {
	var wrong []error
	if err := checkClient(b.client, b.options.AcceptLateDeadlines); err != nil {
		wrong = append(wrong, err)
	}
	if b.stream == "" {
		wrong = append(wrong, errors.New("stream is empty"))
	}
	refuse := func(bad bool, option, format string, args ...any) {
		if bad {
			wrong = append(wrong, &core.OptionError{Option: "Options." + option, Err: fmt.Errorf(format, args...)})
		}
	}
	o := b.options
	refuse(o.MaxLen < 0, "MaxLen", "%d is negative", o.MaxLen)
	refuse(o.Liveness < minLiveness || o.Liveness > time.Minute, "Liveness", "%v is not between %v and a minute", o.Liveness, minLiveness)
	refuse(o.Repair < 0, "Repair", "%v is negative", o.Repair)
	return errors.Join(wrong...)
}

// Publish adds msg to the stream once, and fails when the server does not confirm
// it; then it may or may not have been added. A message longer than MaxMessageLen
// is refused.
func (b *Backplane) Publish(ctx context.Context, msg []byte) error {
	if len(msg) > MaxMessageLen {
		return fmt.Errorf("redisstream: publish to %q: message has %d bytes, more than %d", b.stream, len(msg), MaxMessageLen)
	}
	if err := b.send(ctx, redis.NewStringCmd(ctx, b.entry(messageField, msg)...)); err != nil {
		return b.failure(ctx, "publish to", err)
	}
	return nil
}

// The fields of an entry of the stream: a message, or a mark that makes sure that
// there is an entry.
const (
	messageField = "m"
	markField    = "mark"
)

// entry returns the command that adds an entry.
func (b *Backplane) entry(field string, value any) []any {
	return []any{"xadd", b.stream, "maxlen", "~", b.options.MaxLen, "*", field, value}
}

// Ping asks the server whether it answers; of a cluster, one of its masters.
func (b *Backplane) Ping(ctx context.Context) error {
	if err := b.ping(ctx); err != nil {
		return b.failure(ctx, "ping for", err)
	}
	return nil
}

func (b *Backplane) ping(ctx context.Context) error {
	return b.send(ctx, redis.NewStatusCmd(ctx, "ping"))
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

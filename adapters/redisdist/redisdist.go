// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
)

var (
	_ core.DistributedLayer = (*Layer)(nil)
	_ core.Pinger           = (*Layer)(nil)
)

// Options of [New]. Nil and the zero value are the defaults.
type Options struct {
	// AcceptLateDeadlines takes a client that ignores the deadlines of contexts,
	// as go-redis does by default. Without it New refuses such a client: a call
	// would return only after the client's own timeouts, up to 20 s later.
	AcceptLateDeadlines bool

	// ReplicasMayLag takes a cluster's client whose reads may go to replicas, by its
	// ReadOnly, RouteByLatency or RouteRandomly, and one of sentinels that is made
	// likewise. Set coherence.PulseOptions.ReadLag of the stack to how far they may be
	// behind. Without it New refuses such a client: one answer could be older than
	// the one before, and a check of a copy could find it still valid.
	ReplicasMayLag bool

	// MaxReads is how many reads may be under way at a server at a time, each of
	// them alone or a pipeline of those that came meanwhile; see [Layer.Get]. Batches
	// of the caller's own do not count. 0: DefaultMaxReads.
	MaxReads int

	// MaxGathered is the most reads in a pipeline. 0: DefaultMaxGathered.
	MaxGathered int

	// NeverGather has each read go out at once and alone.
	NeverGather bool
}

// Defaults of [Options].
const (
	DefaultMaxReads    = 4
	DefaultMaxGathered = 256
)

// Layer stores entries in Redis. It is safe for many goroutines at once and repeats
// nothing. Reads that it gathers have goroutines of its own, of which Close waits for
// the last.
type Layer struct {
	client redis.UniversalClient
	owned  bool // the layer made client
	reads  gatherer

	patience   time.Duration // of the client; 0: not known
	clocks     clocks
	scriptless atomic.Bool // the server has refused to run scripts
}

// New returns a layer on client, which stays the caller's to close, after the
// layer's last use. It sends nothing. The error names everything that is wrong
// with the client's settings, see [ClientOptions].
func New(client redis.UniversalClient, opts *Options) (*Layer, error) {
	if opts == nil {
		opts = &Options{}
	}
	if err := errors.Join(checkClient(client, *opts), opts.check()); err != nil {
		return nil, fmt.Errorf("redisdist: %w", err)
	}
	l := &Layer{client: client, patience: patienceOf(client)}
	l.reads = gatherer{layer: l, most: cmp.Or(opts.MaxGathered, DefaultMaxGathered)}
	if !opts.NeverGather {
		l.reads.places = cmp.Or(opts.MaxReads, DefaultMaxReads)
	}
	return l, nil
}

// Set stores data for ttl, rounded up to a millisecond. [core.Forever] stores
// it without expiry. A ttl that is not positive is refused.
func (l *Layer) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("redisdist: set %q: ttl %v is not positive", key, ttl)
	}
	if err := l.send(ctx, setCmd(ctx, key, data, ttl)); err != nil {
		return l.failure(ctx, "set", key, err)
	}
	return nil
}

func setCmd(ctx context.Context, key string, data []byte, ttl time.Duration) *redis.StatusCmd {
	args := []any{"set", key, data}
	if ttl != core.Forever {
		args = append(args, "px", milliseconds(ttl))
	}
	return redis.NewStatusCmd(ctx, args...)
}

// Delete removes key with UNLINK, which frees large values in the background
// and works when the server is out of memory.
func (l *Layer) Delete(ctx context.Context, key string) error {
	if err := l.send(ctx, redis.NewIntCmd(ctx, "unlink", key)); err != nil {
		return l.failure(ctx, "delete", key, err)
	}
	return nil
}

// Ping asks the server whether it answers; of a cluster, one of its masters.
func (l *Layer) Ping(ctx context.Context) error {
	if err := l.send(ctx, redis.NewStatusCmd(ctx, "ping")); err != nil {
		return l.failure(ctx, "ping", "", err)
	}
	return nil
}

// Close closes the client if the layer was made by [Open], and waits for reads that
// are gathered. Closing twice is fine. Afterwards every method returns an error; with
// a client that is the caller's, once that is closed.
func (l *Layer) Close() error {
	defer l.reads.close()
	if !l.owned {
		return nil
	}
	if err := l.client.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
		return fmt.Errorf("redisdist: close: %w", err)
	}
	return nil
}

// send runs cmd once. A context that is done sends nothing.
func (l *Layer) send(ctx context.Context, cmd redis.Cmder) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.client.Process(ctx, unrepeated(cmd))
}

// once is a command that go-redis must not repeat. MaxRetries does not say it
// all: the client of a cluster repeats commands up to MaxRedirects times.
type once struct{ redis.Cmder }

// NoRetry overrides what the client is set to.
func (once) NoRetry() bool { return true }

func unrepeated(cmd redis.Cmder) redis.Cmder {
	switch cmd.(type) {
	case *getCmd, *scriptCmd:
		return cmd
	}
	return once{cmd}
}

// milliseconds rounds up, so that a short ttl never becomes none.
func milliseconds(ttl time.Duration) int64 {
	ms := ttl.Milliseconds()
	if ttl%time.Millisecond > 0 {
		ms++
	}
	return ms
}

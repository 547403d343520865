// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
)

var (
	_ core.Backplane = (*Backplane)(nil)
	_ core.Pinger    = (*Backplane)(nil)
)

const (
	// DefaultLiveness is the default of [Options].Liveness.
	DefaultLiveness = time.Second

	minLiveness = 10 * time.Millisecond
)

var (
	// ErrStalled is wrapped by what Subscribe returns when a server kept the
	// connection open and stopped answering.
	ErrStalled = errors.New("server stopped answering")

	// ErrSubscriber is wrapped by what Subscribe returns for a subscriber that is
	// no [core.KeySubscriber].
	ErrSubscriber = errors.New("subscriber cannot be told of single keys")
)

// Options of [New]. Nil and the zero value are the defaults.
type Options struct {
	// Prefix is what the distributed layer puts in front of all keys, as Prefix of
	// the package layer does: it stands before the prefixes on the server, and is
	// cut off before a key is reported. Empty: nothing.
	Prefix string

	// Liveness is how long a server may be silent before it is asked for a sign of
	// life, and how long the answer may take. Connecting may take this time too.
	// From 10 ms to a minute. 0: DefaultLiveness.
	Liveness time.Duration
}

// Backplane is another backplane with changes of keys added to it. It is safe for
// many goroutines at once. Between calls it has no goroutine and no connection of
// its own.
type Backplane struct {
	inner    core.Backplane
	client   redis.UniversalClient
	prefixes []string // as the server knows them
	options  Options
}

// New returns inner with the changes of all keys added that begin with one of
// prefixes; none of these may begin with another. For a stack they are what
// KeyPrefixes of the package hybrid returns. client leads to the server, or the
// cluster, of the distributed layer; it must be a *redis.Client or a
// *redis.ClusterClient. Subscriptions connect with the same settings, but not
// through hooks of the client. client and inner stay the caller's to close, after
// the last subscription has ended. New sends nothing. The error names everything
// that is wrong.
func New(client redis.UniversalClient, inner core.Backplane, prefixes []string, opts *Options) (*Backplane, error) {
	if opts == nil {
		opts = &Options{}
	}
	b := &Backplane{inner: inner, client: client, options: *opts}
	b.options.Liveness = cmp.Or(opts.Liveness, DefaultLiveness)
	for _, p := range prefixes {
		b.prefixes = append(b.prefixes, opts.Prefix+p)
	}
	if err := b.check(prefixes); err != nil {
		return nil, fmt.Errorf("redistracking: %w", err)
	}
	return b, nil
}

func (b *Backplane) check(prefixes []string) error {
	var wrong []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	if err := checkClient(b.client); err != nil {
		wrong = append(wrong, err)
	}
	refuse(b.inner == nil, "inner backplane is nil")
	refuse(len(prefixes) == 0, "no prefixes")
	for i, p := range prefixes {
		refuse(p == "", "prefix %d is empty", i)
		within := func(other string) bool { return other != "" && strings.HasPrefix(p, other) }
		refuse(p != "" && (slices.ContainsFunc(prefixes[:i], within) || slices.ContainsFunc(prefixes[i+1:], within)),
			"prefix %q begins with another one", p)
	}
	if l := b.options.Liveness; l < minLiveness || l > time.Minute {
		wrong = append(wrong, &core.OptionError{Option: "Options.Liveness", Err: fmt.Errorf("%v is not between %v and a minute", l, minLiveness)})
	}
	return errors.Join(wrong...)
}

// Outlet returns that of the inner backplane, if it has one.
func (b *Backplane) Outlet() core.Outlet {
	if inner, ok := core.As[core.OutletOwner](b.inner); ok {
		return inner.Outlet()
	}
	return core.Outlet{}
}

// Publish is that of the other backplane.
func (b *Backplane) Publish(ctx context.Context, msg []byte) error { return b.inner.Publish(ctx, msg) }

// Ping asks the server, or one of the masters, whether it answers, and the other
// backplane, if that can be asked.
func (b *Backplane) Ping(ctx context.Context) error {
	if err := b.ping(ctx); err != nil {
		return b.failure(ctx, "ping for", err)
	}
	if inner, ok := core.As[core.Pinger](b.inner); ok {
		return inner.Ping(ctx)
	}
	return nil
}

func (b *Backplane) ping(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.client.Process(ctx, once{redis.NewStatusCmd(ctx, "ping")})
}

// once is a command that go-redis must not repeat, whatever the client is set to:
// whoever pings wants to know how things are now.
type once struct{ redis.Cmder }

// NoRetry overrides what the client is set to.
func (once) NoRetry() bool { return true }

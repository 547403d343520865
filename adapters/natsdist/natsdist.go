// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package natsdist is a distributed layer on NATS JetStream: one KV bucket that
// all nodes share, with a time to live per key.
//
//	nc, err := nats.Connect(url, natsdist.ConnOptions()...)
//	js, err := jetstream.New(nc)
//	layer, err := natsdist.New(ctx, js, "cache", nil)
//
// or, with a connection of its own,
//
//	layer, err := natsdist.Open(ctx, "nats://user:password@host", "cache", nil)
//
// It needs a server of version 2.11 or later with JetStream.
//
// # The bucket
//
// A bucket made by CreateKeyValue refuses writes when it is full. A cache must
// evict instead, so [New] makes the stream of the bucket by hand: the same, but
// dropping the oldest entries. Everything that speaks KV can read it. Entries
// are evicted in the order in which they were written, not read; give the bucket
// room for all live ones. An existing bucket is used if values in it can have a
// ttl of their own, its history is 1, and it evicts or is unlimited. If it has a
// ttl of its own, the shorter one ends an entry.
//
// When the bucket has vanished, as one in memory does when its server restarts,
// one operation fails and the next creates it again.
//
// # Keys, values and lives
//
// Any key works. In the bucket, bytes other than letters, digits, '-', '_', '/'
// and '.' appear as '=' and two hexadecimal digits, so "user:1" is "user=3a1";
// if the result is longer than 1500 bytes it is replaced by "=sha256-" and a
// hash. A value may be nearly as large as the largest message of the server, 1
// MiB by default; beyond that Set returns an error that wraps
// [core.ErrTooLarge] without sending anything. Lives are rounded up to whole
// seconds; more than 100 years is for ever.
//
// # Arbitration
//
// [Layer.Arbitrate] runs the rule of core in the client and lets the server
// compare revisions: what was read must still be the last message of its key
// when the write arrives. So a write costs a read of the present value, except
// for a load that found nothing, which is tried at once. There is no shorter
// read in KV: [Layer.ReadHeader] costs as much as Get.
//
// A user whose permissions are limited needs, besides those of a KV bucket,
// $JS.API.STREAM.MSG.GET.KV_name: what decides against a write, or after a
// conflict, is asked of the leader of the bucket.
//
// # Errors and deadlines
//
// While the connection is down every operation fails at once, with
// [nats.ErrDisconnected] or [nats.ErrConnectionClosed]. A stream without a
// leader, an absent bucket and a missing permission are errors, too, never
// misses; the last shows only as a passed deadline. A context that has no
// deadline is given the default timeout of the JetStream handle, 5 s, and the
// error then wraps [context.DeadlineExceeded]. A write whose deadline has passed
// may still be done.
//
// With several replicas, a read soon after a write can return the value before
// it: see [Options.StrictReads].
package natsdist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/internal/natslink"
	"github.com/fusioncache-go/fusioncache/core"
)

var (
	_ core.DistributedLayer = (*Layer)(nil)
	_ core.Pinger           = (*Layer)(nil)
	_ core.Arbiter          = (*Layer)(nil)
)

// Layer is a [core.DistributedLayer], a [core.BatchReader], a [core.BatchArbiter], a
// [core.BatchHeaderReader] and a [core.Pinger] on one bucket. It is safe for many
// goroutines at once.
type Layer struct {
	js        jetstream.JetStream
	guard     *natslink.Guard
	bucket    *bucket
	readFrom  string // subject of a key, up to the key
	writeTo   string // the same, as the server knows it behind an API prefix
	tombstone string
	own       *nats.Conn // closed by Close; nil if the caller made it
}

// maxDetached is how many operations may run in goroutines of their own.
const maxDetached = 1024

// New returns a layer on the bucket of the given name, which it creates unless
// it exists. It fails if the bucket or the server is unsuitable; such an error
// wraps [ErrBucket]. Wrong options are all named in one error. opts may be nil.
// The connection of js stays the caller's, who closes it; see [ConnOptions] for
// what it should be like. ctx is used during the call only.
func New(ctx context.Context, js jetstream.JetStream, bucket string, opts *Options) (*Layer, error) {
	o := opts.withDefaults()
	if js == nil || js.Conn() == nil {
		return nil, errors.New("natsdist: nil JetStream or connection")
	}
	if err := errors.Join(o.validate(bucket), o.noConn()); err != nil {
		return nil, fmt.Errorf("natsdist: %w", err)
	}
	l := &Layer{
		js:        js,
		guard:     natslink.New(js.Conn(), maxDetached),
		bucket:    newBucket(js, bucket, &o),
		readFrom:  "$KV." + bucket + ".",
		writeTo:   apiPrefix(js.Options()) + "$KV." + bucket + ".",
		tombstone: ttlHeader(o.TombstoneTTL),
	}
	err := l.bind(ctx)
	if err != nil && (!o.Lazy || errors.Is(err, ErrBucket) || errors.Is(err, context.Canceled)) {
		l.guard.End()
		return nil, fmt.Errorf("natsdist: bucket %q: %w", bucket, err)
	}
	return l, nil
}

// apiPrefix returns what is in front of subjects of the API and of publications to
// reach the JetStream of another account or domain; "" for the own one, even if its
// prefix is given: nobody serves publications behind that.
func apiPrefix(o jetstream.JetStreamOptions) string {
	prefix := strings.TrimSuffix(o.APIPrefix, ".") + "."
	switch {
	case o.Domain != "":
		return "$JS." + o.Domain + ".API."
	case o.APIPrefix == "", prefix == jetstream.DefaultAPIPrefix:
		return ""
	}
	return prefix
}

// bind finds or creates the bucket.
func (l *Layer) bind(ctx context.Context) error {
	err := cmp.Or(ctx.Err(), l.guard.Err())
	if err == nil {
		_, err = natslink.Call(ctx, l.guard, false, l.bucket.bind)
	}
	return err
}

// ready returns why an operation on key cannot even be tried.
func (l *Layer) ready(ctx context.Context, key string) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case key == "":
		return core.ErrKey
	}
	return l.guard.Err()
}

// Get implements [core.DistributedLayer]. The result belongs to the caller.
func (l *Layer) Get(ctx context.Context, key string) ([]byte, bool, error) {
	r, err := l.read(ctx, key)
	if err != nil {
		return nil, false, fmt.Errorf("natsdist: get %q: %w", key, err)
	}
	return r.data, r.live, nil
}

// Set implements [core.DistributedLayer]. An error wraps [core.ErrTooLarge] if
// the server does not take messages of that size.
func (l *Layer) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	if _, err := l.write(ctx, key, lifeHeader(ttl), data); err != nil {
		return fmt.Errorf("natsdist: set %q: %w", key, err)
	}
	return nil
}

// lifeHeader returns the header of a message that lives for ttl.
func lifeHeader(ttl time.Duration) nats.Header {
	h := nats.Header{}
	if ends := ttlHeader(ttl); ends != "" {
		h.Set(jetstream.MsgTTLHeader, ends)
	}
	return h
}

// Delete implements [core.DistributedLayer]. It leaves a marker behind, for
// [Options.TombstoneTTL].
func (l *Layer) Delete(ctx context.Context, key string) error {
	h := nats.Header{}
	h.Set(opHeader, opPurge)
	h.Set(jetstream.MsgTTLHeader, l.tombstone)
	if _, err := l.write(ctx, key, h, nil); err != nil {
		return fmt.Errorf("natsdist: delete %q: %w", key, err)
	}
	return nil
}

// Ping implements [core.Pinger]. It asks the leader of the bucket.
func (l *Layer) Ping(ctx context.Context) error {
	err := cmp.Or(ctx.Err(), l.guard.Err())
	if err == nil {
		_, err = natslink.Call(ctx, l.guard, l.guard.Doubtful(), func(ctx context.Context) (*jetstream.StreamInfo, error) {
			b, err := l.bucket.bind(ctx)
			if err != nil {
				return nil, err
			}
			info, err := b.stream.Info(ctx)
			l.bucket.judge(b, err)
			return info, err
		})
	}
	if err != nil {
		return fmt.Errorf("natsdist: ping: %w", err)
	}
	return nil
}

// Close ends the use of the layer; all later operations fail. It closes the
// connection if [Open] made it, waits for what hangs in it, and ends the layer's
// only goroutine. Closing twice is fine.
func (l *Layer) Close() error {
	if !l.guard.End() {
		return nil
	}
	if l.own != nil {
		l.own.Close()
	}
	l.guard.Wait()
	return nil
}

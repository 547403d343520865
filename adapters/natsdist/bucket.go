// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// ttlLevel is the level of the JetStream API from which on a message can have
	// a life of its own: server 2.11. Older servers accept the header and ignore
	// it, so that nothing would ever expire.
	ttlLevel = 1

	errTTLDisabled = 10166 // "per-message TTL is disabled"
)

// ErrBucket is wrapped by the errors about a bucket or a server on which this
// layer cannot work. Trying again does not help.
var ErrBucket = errors.New("unsuitable bucket")

// bucket finds the stream behind a bucket when it is first needed, and looks
// again when it seems to be gone.
type bucket struct {
	js      jetstream.JetStream
	config  jetstream.StreamConfig // for creating it
	strict  bool
	known   atomic.Pointer[binding] // nil while unknown
	finding chan struct{}           // holds a token while one caller asks the server
	leader  fetch
}

// binding is a stream that was found suitable.
type binding struct {
	stream jetstream.Stream
	doubt  atomic.Bool // the next operation is to look whether it is still there
}

func newBucket(js jetstream.JetStream, name string, o *Options) *bucket {
	b := &bucket{js: js, config: streamConfig(name, o), strict: o.StrictReads, finding: make(chan struct{}, 1)}
	b.leader = b.askLeader
	return b
}

// streamConfig is that of a KV bucket, so that the tools for KV can be used on
// it, with two differences: it lets messages have a life of their own without
// writing a marker when one ends, and when it is full it drops the oldest entry
// where a KV bucket refuses the new one.
func streamConfig(name string, o *Options) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:              "KV_" + name,
		Subjects:          []string{"$KV." + name + ".>"},
		MaxMsgsPerSubject: 1,
		MaxBytes:          o.MaxBytes,
		MaxMsgs:           -1,
		MaxMsgSize:        -1,
		MaxConsumers:      -1,
		Discard:           jetstream.DiscardOld,
		Storage:           o.Storage,
		Replicas:          o.Replicas,
		AllowDirect:       !o.StrictReads,
		AllowMsgTTL:       true,
		AllowRollup:       true,
		DenyDelete:        true,
	}
}

// bind returns the stream, found or created now if need be. At first one caller
// asks the server and the others wait for it. Later only the first one after a
// doubt looks again, and the others try what they know: the stream may just have
// been without a leader, and looking can take longer than its election.
func (b *bucket) bind(ctx context.Context) (*binding, error) {
	known := b.known.Load()
	if known != nil && !known.doubt.CompareAndSwap(true, false) {
		return known, nil
	}
	select {
	case b.finding <- struct{}{}:
		defer func() { <-b.finding }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if now := b.known.Load(); now != nil && now != known {
		return now, nil
	}
	stream, err := b.find(ctx)
	switch {
	case err == nil:
		known = &binding{stream: stream}
		b.known.Store(known)
		return known, nil
	case errors.Is(err, ErrBucket):
		b.known.Store(nil)
	}
	return nil, err
}

// judge has the next operation look for the stream if err, of an operation on
// known, says that it may not be there any more or was replaced.
func (b *bucket) judge(known *binding, err error) {
	api, _ := errors.AsType[*jetstream.APIError](err)
	switch {
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrNoStreamResponse):
	case api != nil && (api.ErrorCode == jetstream.JSErrCodeStreamNotFound || api.ErrorCode == errTTLDisabled):
	default:
		return
	}
	known.doubt.Store(true)
}

func (b *bucket) find(ctx context.Context) (jetstream.Stream, error) {
	stream, err := b.js.Stream(ctx, b.config.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = b.create(ctx)
	}
	if errors.Is(err, nats.ErrNoResponders) {
		err = fmt.Errorf("JetStream is off, or without a leader: %w", err)
	}
	if err != nil {
		return nil, err
	}
	return stream, b.suits(stream.CachedInfo().Config)
}

// create creates the stream. A server of level 0 would accept its configuration
// and ignore parts of it.
func (b *bucket) create(ctx context.Context) (jetstream.Stream, error) {
	account, err := b.js.AccountInfo(ctx)
	if err != nil {
		return nil, err
	}
	if account.API.Level < ttlLevel {
		return nil, fmt.Errorf("%w: the server cannot expire single messages, version 2.11 can", ErrBucket)
	}
	stream, err := b.js.CreateStream(ctx, b.config)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		// Another node was faster, with other options.
		return b.js.Stream(ctx, b.config.Name)
	}
	return stream, err
}

// suits returns everything because of which the layer cannot work on a bucket.
func (b *bucket) suits(c jetstream.StreamConfig) error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrBucket}, args...)...))
		}
	}
	need(c.AllowMsgTTL, "entries cannot have a ttl of their own (it needs allow_msg_ttl, in KV terms a limit marker ttl)")
	need(c.MaxMsgsPerSubject == 1, "a history of %d brings old values back when newer ones end, it must be 1", c.MaxMsgsPerSubject)
	need(slices.Equal(c.Subjects, b.config.Subjects), "its subjects are %q, not %q", c.Subjects, b.config.Subjects)
	need(c.Mirror == nil && len(c.Sources) == 0, "it copies other streams")
	need(!c.Sealed && !c.NoAck, "it is sealed or acknowledges nothing")
	need(c.Discard == jetstream.DiscardOld || c.MaxBytes <= 0 && c.MaxMsgs <= 0,
		"when full it refuses new entries instead of dropping old ones (discard policy new with a size limit)")
	need(!b.strict || !c.AllowDirect, "any replica answers reads (allow_direct), Options.StrictReads forbids it")
	return errors.Join(errs...)
}

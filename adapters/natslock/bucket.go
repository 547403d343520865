// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslock

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	opHeader = "KV-Operation" // of a marker that a client of KV leaves
	opPurge  = "PURGE"

	// ttlLevel is the level of the JetStream API from which on a message can have
	// a life of its own. Older servers accept the header and ignore it: a lock would
	// never end.
	ttlLevel = 1
)

// ErrBucket is wrapped by the errors about a bucket or a server on which locks
// cannot work. Trying again does not help.
var ErrBucket = errors.New("unsuitable bucket")

// bucket finds or makes the stream behind a bucket when it is first needed, and
// looks again when it seems to be gone.
type bucket struct {
	js     jetstream.JetStream
	config jetstream.StreamConfig
	known  atomic.Pointer[bound] // nil while unknown
}

type bound struct{ stream jetstream.Stream }

func newBucket(js jetstream.JetStream, name string, o *Options) *bucket {
	return &bucket{js: js, config: jetstream.StreamConfig{
		Name:              "KV_" + name,
		Subjects:          []string{"$KV." + name + ".>"},
		MaxMsgsPerSubject: 1,
		MaxBytes:          -1,
		MaxMsgs:           -1,
		MaxMsgSize:        -1,
		MaxConsumers:      -1,
		Discard:           jetstream.DiscardOld,
		Storage:           o.storage(),
		Replicas:          o.Replicas,
		AllowMsgTTL:       true,
		AllowRollup:       true,
		DenyDelete:        true,
	}}
}

// bind returns the stream, found or made now if need be.
func (b *bucket) bind(ctx context.Context) (*bound, error) {
	if known := b.known.Load(); known != nil {
		return known, nil
	}
	stream, err := b.js.Stream(ctx, b.config.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = b.create(ctx)
	}
	if err == nil {
		err = suits(stream.CachedInfo().Config)
	}
	if err != nil {
		return nil, err
	}
	found := &bound{stream}
	b.known.Store(found)
	return found, nil
}

func (b *bucket) create(ctx context.Context) (jetstream.Stream, error) {
	config := b.config
	// Revisions of a bucket that is made again must not be those of leases from
	// before.
	config.FirstSeq = uint64(time.Now().UnixMicro())
	account, err := b.js.AccountInfo(ctx)
	if err != nil {
		return nil, err
	}
	if account.API.Level < ttlLevel {
		return nil, fmt.Errorf("%w: the server cannot expire single messages, version 2.11 can", ErrBucket)
	}
	stream, err := b.js.CreateStream(ctx, config)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return b.js.Stream(ctx, b.config.Name) // another node was faster, with other options
	}
	return stream, err
}

// suits returns everything because of which a bucket cannot hold locks.
func suits(c jetstream.StreamConfig) error {
	var errs []error
	for _, need := range []struct {
		ok  bool
		why string
	}{
		{c.AllowMsgTTL, "locks cannot end (it needs allow_msg_ttl)"},
		{c.MaxMsgsPerSubject == 1, "it has a history, which brings old locks back"},
		{!c.AllowDirect, "any replica answers reads (allow_direct)"},
		{c.Mirror == nil && len(c.Sources) == 0, "it copies other streams"},
	} {
		if !need.ok {
			errs = append(errs, fmt.Errorf("%w: %s", ErrBucket, need.why))
		}
	}
	return errors.Join(errs...)
}

// get returns the last message of a subject.
func (b *bucket) get(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	found, err := b.bind(ctx)
	if err != nil {
		return nil, err
	}
	msg, err := found.stream.GetLastMsgForSubject(ctx, subject)
	b.judge(found, err)
	return msg, err
}

// publish stores an empty message, if the last one of its subject has the
// revision expected, and returns its own.
func (b *bucket) publish(ctx context.Context, subject string, expected uint64, h nats.Header) (uint64, error) {
	found, err := b.bind(ctx)
	if err != nil {
		return 0, err
	}
	h.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(expected, 10))
	ack, err := b.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Header: h}, jetstream.WithRetryAttempts(0))
	if err != nil {
		b.judge(found, err)
		return 0, err
	}
	return ack.Sequence, nil
}

// judge has the next call look for the stream if err says that it may be gone.
func (b *bucket) judge(found *bound, err error) {
	api, _ := errors.AsType[*jetstream.APIError](err)
	if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		api != nil && api.ErrorCode == jetstream.JSErrCodeStreamNotFound {
		b.known.CompareAndSwap(found, nil)
	}
}

// isMarker reports whether a message says that its key was deleted, by a client
// or by the server.
func isMarker(h nats.Header) bool {
	return h.Get(opHeader) != "" || h.Get(jetstream.MarkerReasonHeader) != ""
}

// isConflict reports whether err says that another message came between, or is
// on its way to the replicas.
func isConflict(err error) bool {
	api, _ := errors.AsType[*jetstream.APIError](err)
	return api != nil && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

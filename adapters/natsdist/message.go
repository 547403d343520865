// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/internal/natslink"
	"github.com/fusioncache-go/fusioncache/core"
)

const (
	opHeader = "KV-Operation" // of a marker that a client of KV leaves
	opPurge  = "PURGE"

	errMessageSize = 10054 // "message size exceeds maximum allowed"
)

// record is what a bucket holds under one key.
type record struct {
	data     []byte
	revision uint64 // 0 when there is nothing, not even a marker
	live     bool   // false for nothing and for a marker
	sure     bool   // the leader says so; a replica may be late
}

// fetch asks for the last message of a subject.
type fetch func(ctx context.Context, stream jetstream.Stream, subject string) (*jetstream.RawStreamMsg, error)

// read returns what the bucket holds under key, as the replica that answers
// knows it.
func (l *Layer) read(ctx context.Context, key string) (record, error) {
	return l.readBy(ctx, key, func(ctx context.Context, s jetstream.Stream, subject string) (*jetstream.RawStreamMsg, error) {
		return s.GetLastMsgForSubject(ctx, subject)
	})
}

// readLeader returns what the leader of the bucket holds under key.
func (l *Layer) readLeader(ctx context.Context, key string) (record, error) {
	r, err := l.readBy(ctx, key, l.bucket.leader)
	r.sure = true
	return r, err
}

func (l *Layer) readBy(ctx context.Context, key string, fetch fetch) (record, error) {
	if err := l.ready(ctx, key); err != nil {
		return record{}, err
	}
	subject := l.readFrom + encodeKey(key)
	return natslink.Call(ctx, l.guard, l.guard.Doubtful(), func(ctx context.Context) (record, error) {
		b, err := l.bucket.bind(ctx)
		if err != nil {
			return record{}, err
		}
		msg, err := fetch(ctx, b.stream, subject)
		sure := !b.stream.CachedInfo().Config.AllowDirect
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			return record{sure: sure}, nil
		case err != nil:
			l.bucket.judge(b, err)
			return record{}, err
		case isMarker(msg.Header):
			return record{revision: msg.Sequence, sure: sure}, nil
		}
		return record{data: msg.Data, revision: msg.Sequence, live: true, sure: sure}, nil
	})
}

// isMarker reports whether a message says that its key was deleted, by a client
// or by the server.
func isMarker(h nats.Header) bool {
	return h.Get(opHeader) != "" || h.Get(jetstream.MarkerReasonHeader) != ""
}

// write makes data the newest message of key and returns its revision.
func (l *Layer) write(ctx context.Context, key string, h nats.Header, data []byte) (uint64, error) {
	if err := l.ready(ctx, key); err != nil {
		return 0, err
	}
	detached := l.guard.Doubtful()
	if detached {
		data = bytes.Clone(data)
	}
	msg := &nats.Msg{Subject: l.writeTo + encodeKey(key), Header: h, Data: data}
	return natslink.Call(ctx, l.guard, detached, func(ctx context.Context) (uint64, error) {
		b, err := l.bucket.bind(ctx)
		if err != nil {
			return 0, err
		}
		ack, err := l.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
		switch {
		case err == nil:
			return ack.Sequence, nil
		case tooLarge(err):
			return 0, fmt.Errorf("%d bytes, the server takes %d per message: %w",
				len(msg.Data), l.js.Conn().MaxPayload(), core.ErrTooLarge)
		}
		l.bucket.judge(b, err)
		return 0, err
	})
}

// tooLarge reports whether err is the refusal of a message for its size, by the
// client before it is sent, or by the bucket.
func tooLarge(err error) bool {
	api, _ := errors.AsType[*jetstream.APIError](err)
	return errors.Is(err, nats.ErrMaxPayload) || api != nil && api.ErrorCode == errMessageSize
}

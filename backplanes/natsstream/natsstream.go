// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package natsstream is a backplane on a JetStream stream with one subject that
// all nodes share.
//
//	nc, err := nats.Connect(url, natsdist.ConnOptions()...)
//	js, err := jetstream.New(nc)
//	bus, err := natsstream.New(js, "cache.sync", nil)
//
// The stream keeps the last messages. A subscriber that was cut off goes on
// behind the last one that it has had, and says Joined(true) when nothing can be
// missing. It says Joined(false) when the stream has dropped messages that the
// subscriber has not had, was made anew, or has forgotten the last message that
// the subscriber has had. A stream in memory, which is the default, is made anew
// when its only server restarts.
//
// # Cost
//
// A message waits for the acknowledgement of the stream. For each message of a
// stack the server counts some 110 bytes, which makes 1 MB with the default of
// [Options].MaxMessages. Each subscription is a consumer in
// the server's memory, which asks for messages once a second when there are none.
//
// How long a cut may last is MaxMessages divided by the messages of all nodes per
// second. Each node of a stack sends one per second by itself.
//
// # The connection
//
// The connection may serve other purposes, too; its handlers are left alone. Its
// options decide how fast a broken connection is repaired: the defaults of
// nats.go wait 2 s between attempts and give up for good after 60, so take those
// that package natsdist recommends. [nats.ReconnectBufSize](-1) keeps messages
// from being sent late that are published in the moment in which the connection
// breaks, and a short [nats.FlusherTimeout] bounds how long Publish can be held
// up by a server that reads no more. [nats.Timeout] bounds how long an attempt to
// reconnect can hold up the end of Subscribe, and a Publish that was under way when
// the connection broke.
//
// # Permissions
//
// A user needs to publish to the subject and, behind $JS.API, to
// STREAM.INFO.name, STREAM.CREATE.name unless the stream exists,
// STREAM.MSG.GET.name, CONSUMER.CREATE.name.*, CONSUMER.DELETE.name.* and
// CONSUMER.MSG.NEXT.name.*, and to subscribe to its inboxes. A missing permission
// shows only as a passed deadline.
package natsstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/backplanes/internal/natsconn"
	"github.com/fusioncache-go/fusioncache/core"
)

// maxMessage is the size in bytes of the largest message.
const maxMessage = 64 << 10

var (
	_ core.Backplane = (*Backplane)(nil)
	_ core.Pinger    = (*Backplane)(nil)
)

// Backplane is a [core.Backplane] and a [core.Pinger] on one stream. It is safe
// for many goroutines at once and has nothing to be closed: the connection is its
// creator's.
type Backplane struct {
	js      jetstream.JetStream
	link    *natsconn.Link
	subject string
	options Options
	config  jetstream.StreamConfig // of the stream, for creating it
}

// New returns a backplane on the stream that keeps subject, which the first
// message or subscription creates unless it exists. The connection of js need not
// be connected yet, and stays the caller's to close. Dots separate the tokens of
// a subject; none may be empty, and there must be no wildcard, space or control
// character in it and no '$' at its beginning. All problems are in one error.
// opts may be nil.
func New(js jetstream.JetStream, subject string, opts *Options) (*Backplane, error) {
	if js == nil || js.Conn() == nil {
		return nil, errors.New("natsstream: nil JetStream or connection")
	}
	o := opts.withDefaults(subject)
	if err := errors.Join(checkSubject(subject), o.validate()); err != nil {
		return nil, fmt.Errorf("natsstream: %w", err)
	}
	return &Backplane{
		js: js, link: natsconn.NewLink(js.Conn()), subject: subject, options: o, config: o.stream(subject),
	}, nil
}

// Publish implements [core.Backplane]. It waits until the stream has taken msg.
// While the connection is down it fails at once. It refuses more than 64 KiB with
// an error that wraps [nats.ErrMaxPayload]. After another error the stream may or
// may not have taken msg. A context without a deadline is given the default
// timeout of the JetStream handle.
func (b *Backplane) Publish(ctx context.Context, msg []byte) error {
	err := cmp.Or(ctx.Err(), b.link.Err())
	switch {
	case err != nil:
	case len(msg) > maxMessage:
		err = fmt.Errorf("message of %d bytes, at most %d are allowed: %w", len(msg), maxMessage, nats.ErrMaxPayload)
	default:
		err = b.publish(ctx, msg)
	}
	if err != nil {
		return fmt.Errorf("natsstream: publish to %q: %w", b.subject, err)
	}
	return nil
}

func (b *Backplane) publish(ctx context.Context, msg []byte) error {
	bound, release := b.link.Bind(ctx)
	defer release()
	err := b.store(bound, msg)
	if errors.Is(err, jetstream.ErrNoStreamResponse) { // there is none to have taken msg
		if _, err = b.find(bound); err == nil {
			err = b.store(bound, msg)
		}
	}
	if err != nil && ctx.Err() == nil && bound.Err() != nil {
		return context.Cause(bound)
	}
	return err
}

func (b *Backplane) store(ctx context.Context, msg []byte) error {
	ack, err := b.js.PublishMsg(ctx, &nats.Msg{Subject: b.subject, Data: msg}, jetstream.WithRetryAttempts(0))
	if err == nil && ack.Stream != b.config.Name {
		err = fmt.Errorf("%w: the subject belongs to %q, not to %q", ErrStream, ack.Stream, b.config.Name)
	}
	return err
}

// Subscribe implements [core.Backplane]. It delivers in the calling goroutine, to
// all subscribers in one order. It returns at once while the connection is down.
// Once joined it stays when the connection breaks, or when the server does not
// answer, for as long as Options.Repair, and reports each repair by Joined: true
// when the messages that s has not had are still in the stream, and are delivered
// next. Joined(false) is also how a subscriber hears that it was so slow that
// messages were dropped. Subscribe returns when the connection is closed.
func (b *Backplane) Subscribe(ctx context.Context, s core.Subscriber) error {
	err := b.link.Err()
	if err == nil && ctx.Err() == nil {
		err = (&session{Backplane: b, to: s}).run(ctx)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("natsstream: subscribe to %q: %w", b.subject, err)
}

// Ping implements [core.Pinger]: it asks for the state of the stream. That there
// is none yet is no error.
func (b *Backplane) Ping(ctx context.Context) error {
	err := cmp.Or(ctx.Err(), b.link.Err())
	if err == nil {
		_, err = b.js.Stream(ctx, b.config.Name)
	}
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("natsstream: ping: %w", err)
	}
	return nil
}

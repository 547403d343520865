// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package natsbus is a backplane on core NATS: one subject that all nodes share.
//
//	nc, err := nats.Connect(url, natsdist.ConnOptions()...)
//	bus, err := natsbus.New(nc, "cache.sync", nil)
//
// Delivery is at most once: what is published while a node is disconnected, or
// while its queue is full, never reaches it. The subscriber of that node is told
// so by Joined(false).
//
// The connection may serve other purposes, too; its handlers are left alone. Its
// options decide how fast a broken connection is repaired: the defaults of
// nats.go wait 2 s between attempts and give up for good after 60, so set at
// least [nats.MaxReconnects](-1) and a short [nats.ReconnectWait], or take those
// that package natsdist recommends. [nats.ReconnectBufSize](-1) keeps messages
// from being sent late that are published in the moment in which the connection
// breaks, and a short [nats.FlusherTimeout] bounds how long Publish can be held
// up by a server that reads no more, 1 minute by default. [nats.Timeout] bounds
// how long the end of Subscribe can be held up by an attempt to reconnect. With
// [nats.NoEcho] the backplane does not work.
//
// A user needs to publish and to subscribe to the subject.
package natsbus

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/fusioncache-go/fusioncache/backplanes/internal/natsconn"
	"github.com/fusioncache-go/fusioncache/core"
)

// maxMessage is the size in bytes of the largest message.
const maxMessage = 64 << 10

var (
	_ core.Backplane = (*Backplane)(nil)
	_ core.Pinger    = (*Backplane)(nil)
)

// Backplane is a [core.Backplane] and a [core.Pinger] on one subject. It is safe
// for many goroutines at once and has nothing to be closed: the connection is
// its creator's.
type Backplane struct {
	conn    *nats.Conn
	link    *natsconn.Link
	subject string
	options Options
}

// New returns a backplane that publishes and subscribes to subject on conn,
// which need not be connected yet. Dots separate the tokens of a subject; none
// may be empty, and there must be no wildcard, space or control character in it
// and no '$' at its beginning. All problems are in one error. opts may be nil.
func New(conn *nats.Conn, subject string, opts *Options) (*Backplane, error) {
	if conn == nil {
		return nil, errors.New("natsbus: nil connection")
	}
	o := opts.withDefaults()
	if err := errors.Join(checkConn(conn), checkSubject(subject), o.validate()); err != nil {
		return nil, fmt.Errorf("natsbus: %w", err)
	}
	return &Backplane{conn: conn, link: natsconn.NewLink(conn), subject: subject, options: o}, nil
}

// Publish implements [core.Backplane]. While the connection is down it fails at
// once. It refuses more than 64 KiB with an error that wraps
// [nats.ErrMaxPayload]. Success means that the message is on its way, not that
// the server has it; a missing permission does not show.
func (b *Backplane) Publish(ctx context.Context, msg []byte) error {
	err := cmp.Or(ctx.Err(), b.link.Err())
	switch {
	case err != nil:
	case len(msg) > maxMessage:
		err = fmt.Errorf("message of %d bytes, at most %d are allowed: %w", len(msg), maxMessage, nats.ErrMaxPayload)
	default:
		err = b.conn.Publish(b.subject, msg)
	}
	if err != nil {
		return fmt.Errorf("natsbus: publish: %w", err)
	}
	return nil
}

// Subscribe implements [core.Backplane]. It returns at once while the connection
// is down. Once joined it stays when the connection breaks, and reports the
// reconnection by Joined(false); so it does after messages were dropped because
// s was too slow. It returns when the connection is closed, and within 2.5 s when
// the server no longer answers although the connection looks good, with an error
// that wraps [ErrStalled].
func (b *Backplane) Subscribe(ctx context.Context, s core.Subscriber) error {
	err := b.link.Err()
	if err == nil && ctx.Err() == nil {
		err = newSession(b, s).run(ctx)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("natsbus: subscribe: %w", err)
}

// Ping implements [core.Pinger] by a round trip to the server.
func (b *Backplane) Ping(ctx context.Context) error {
	err := cmp.Or(ctx.Err(), b.link.Err())
	if err == nil {
		err = b.conn.FlushWithContext(ctx)
	}
	if err != nil {
		return fmt.Errorf("natsbus: ping: %w", err)
	}
	return nil
}

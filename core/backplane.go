// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import "context"

// Backplane carries small messages from every node to every node, at most once
// and in any order. A channel is fixed when the backplane is constructed.
//
// Both methods are safe for many goroutines at once. Who creates the client
// behind a backplane closes it.
type Backplane interface {
	// Publish sends msg to all subscribers, those of its own process included.
	// It must fail rather than hold the message back while the transport is
	// down: an old invalidation that arrives late is worse than an error that
	// the caller can act on. msg is not kept.
	Publish(ctx context.Context, msg []byte) error

	// Subscribe delivers messages to s until ctx ends or the subscription is
	// lost, and returns only when no call to s is under way or will follow. It
	// returns ctx.Err() or the reason of the loss; the caller subscribes again,
	// after a pause. A transport that repairs itself may also stay and report
	// each repair with another Joined.
	//
	// A peer that has stopped answering must be noticed within a few seconds,
	// even when the connection stays open.
	Subscribe(ctx context.Context, s Subscriber) error
}

// Subscriber receives what a [Backplane] delivers. Its methods are called from
// one goroutine at a time, return quickly and never panic.
type Subscriber interface {
	// Joined says that messages published from now on will be delivered. It is
	// called once before the first message and again after each repair or
	// overflow. gapless is true only if no message published since the previous
	// Joined can have been missed; on the first call it is false.
	Joined(gapless bool)

	// Message hands over one message. msg is valid until Message returns.
	Message(msg []byte)
}

// Outlet is where the messages of a backplane are published.
type Outlet struct {
	// Server is the client of the vendor's package that publishes, of a type that
	// can be compared: who has the same client reaches the same server. Nil: there
	// is no outlet.
	Server any

	// Channel is the name of the channel at the server.
	Channel string
}

// OutletOwner is the ability of a [Backplane] to let a distributed layer on the
// same server publish for it, in one step with a write; see [Notice].
type OutletOwner interface {
	// Outlet returns where Publish publishes. What a wrapper does to messages does
	// not happen to those that are published there: a wrapper that changes them
	// hides the ability.
	Outlet() Outlet
}

// KeySubscriber is the ability of a [Subscriber] to hear that single keys of the
// distributed layer were changed, by whomever and in whatever way. A backplane
// that learns of it from the server of that layer tells those that have it.
type KeySubscriber interface {
	// Changed says that what is under key, as the server knows it, was written or
	// removed, or has ended; perhaps by this very node. It is called like Message,
	// after Joined. When it is not known what has changed, Joined(false) is called
	// instead.
	Changed(key string)
}

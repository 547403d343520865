// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redisbus is a backplane on the publish/subscribe of Redis, through
// github.com/redis/go-redis/v9: a single server, a master behind sentinels, or a
// cluster.
//
// Redis delivers a message to those who are subscribed at that moment, at most
// once, and keeps nothing. What was published while a connection was down is
// lost without a trace; the backplane therefore reports each new subscription,
// also those that go-redis makes on its own, with Joined(false).
//
// # Liveness
//
// go-redis does not notice a peer that keeps its connection open and says
// nothing more. The backplane does: after [Options].Liveness of silence it sends
// PING, and when nothing has arrived after another period it gives the
// subscription up with [ErrStalled]. By default that takes two seconds.
//
// # Time limits
//
// Subscribe returns at once when its context ends, except while it connects:
// cancelling does not interrupt the handshake with a server that has accepted
// the connection and does not answer. The client's dial and read timeouts bound
// that.
//
// # Slow subscribers
//
// A subscriber that does not return holds up nobody else: Redis buffers for it,
// by default up to 32 MB, and then drops the connection, which is reported like
// any other loss.
//
// # Permissions
//
// An ACL user for this backplane needs
//
//	&channel +publish +subscribe +ping
//
// and with [Options].Sharded +spublish and +ssubscribe instead. On a cluster it
// also needs +cluster|slots and +command.
package redisbus

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redisstream is a backplane on a Redis stream, through
// github.com/redis/go-redis/v9: a single server, a master behind sentinels, or a
// cluster.
//
// The stream keeps the last messages. A subscriber that was cut off goes on
// behind the last one that it has had, and says Joined(true) when nothing can be
// missing. It says Joined(false) when the stream was trimmed past that point,
// was deleted, or is served by another process than before: a server that was
// restarted, or has taken over from another, may have lost what its predecessor
// had acknowledged.
//
// # Cost
//
// A message is one XADD; the stream takes some 100 bytes of the server's memory
// for each message of a stack, which makes 1 MB with the default of
// [Options].MaxLen. Each subscription has a connection of its own. It reads with
// XREAD, up to 128 messages at a time, and when there are none asks again every
// [Options].Liveness.
//
// How long a cut may last is MaxLen divided by the messages of all nodes per
// second. Each node of a stack sends one per second by itself.
//
// # Liveness
//
// A server that keeps the connection open and does not answer is noticed after
// twice [Options].Liveness. The connection is then replaced, as a broken one is.
//
// # Time limits
//
// Subscribe returns at once when its context ends. Attempts to connect that are
// under way end by themselves, within [Options].Liveness. A running subscription
// does not notice that the client was closed; end it first.
//
// # Permissions
//
// An ACL user for this backplane needs
//
//	~stream +xadd +xread +xrange +xrevrange +info +ping
//
// and on a cluster also +cluster|slots and +command. The name of the stream is
// that of a key, in the database of the client.
package redisstream

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redistracking adds to a backplane what Redis itself tells about keys
// that have changed, through github.com/redis/go-redis/v9. So a node hears of
// writes by other programs too, of deletions by hand, of keys that have ended or
// were evicted, and of FLUSHALL.
//
//	bus, err := redisbus.New(client, hybrid.Channel("shop"), nil)
//	tracked, err := redistracking.New(client, bus, hybrid.KeyPrefixes("shop"), nil)
//
// It uses the broadcasting mode of client-side caching, CLIENT TRACKING ON BCAST:
// the server sends the name of every changed key that begins with one of the
// prefixes, by whomever it was changed. A single server, a master behind
// sentinels and a cluster will do, from Redis 6 on.
//
// Messages are still the other backplane's, as is Publish: a key says that
// something has changed, and a message what, and that a node lives.
//
// # Cost
//
// Each change of a key is sent to every node, the one that made it included,
// beside the message about it. A node that holds an entry of that name reads its
// header before it serves the entry again: 48 bytes, once for each write of its
// own. A subscription has a connection of its own to each master, beside that of
// the other backplane.
//
// A key that Redis has evicted is gone from the memory of the nodes as well,
// because there is nothing left to compare with.
//
// # Liveness
//
// A server that keeps the connection open and says nothing is asked for a sign of
// life after [Options].Liveness and given up after twice that time. Redis keeps
// nothing for those who are not connected: when a connection breaks the
// subscription ends, and the next one begins with Joined(false), also if the other
// backplane could have caught up.
//
// In a cluster, a master that was added is noticed within five seconds.
//
// # Permissions
//
// An ACL user for it needs
//
//	&__redis__:invalidate +client|tracking +subscribe +ping
//
// and on a cluster also +cluster|slots and +command.
package redistracking

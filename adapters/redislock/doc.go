// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redislock lends locks that all nodes share, on Redis.
//
//	client := redis.NewUniversalClient(options) // of redisdist.ClientOptions
//	locks, err := redislock.New(client, nil)
//	stack, err := hybrid.New(hybrid.Options{..., Locker: locks})
//
// A lock is a key with the name of the lock and a random token of its holder as
// value; it ends with the key. Taking, renewing and releasing are one script on
// one key each, so they work in a cluster. A release is published on the channel
// that is called as the lock, and who waits is subscribed to it, on one
// connection for all.
//
// On a server that fails over, or loses what it holds, a lock can be lent twice.
// The fence of a lease is the time of the server in microseconds: it grows as
// long as that clock does.
//
// # Permissions
//
// An ACL user for this package needs
//
//	~name:1:l:* &name:1:l:* +eval +evalsha +set +get +del +pexpire +pttl +time +publish +subscribe +unsubscribe
//
// with the escaped name of the stack, and on a cluster also +cluster|slots and
// +command.
package redislock

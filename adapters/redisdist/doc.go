// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redisdist is a distributed layer on Redis, through
// github.com/redis/go-redis/v9: a single server, a master behind sentinels, or a
// cluster. Every entry is one string key with an expiry of its own, and only
// commands of one key are used, so any key may live in any slot.
//
// [Open] makes a client from a URL and owns it. [New] takes a client that is
// shared with others; its owner closes it. The defaults of go-redis do not suit
// a cache: they ignore the deadline of a context, and dial a dead server twenty
// times for one read. [ClientOptions] returns settings that do, for those who
// construct the client themselves.
//
// # Replicas
//
// Reads go to masters. A client whose reads go to replicas of a cluster, or of a
// master behind sentinels, needs [Options].ReplicasMayLag, and a stack that knows by
// coherence.PulseOptions.ReadLag how far they may be behind. NewFailoverClient with
// ReplicaOnly will not do: it writes to replicas, too, and they refuse.
//
// # Time limits
//
// The layer keeps the deadline of a context. Cancelling a context that has no
// deadline does not interrupt a command that is on its way, because go-redis
// looks at deadlines only: the command ends with the client's read timeout.
// Callers who need an earlier end give a deadline, as the pipeline of a stack
// always does.
//
// No command is ever sent twice: a repeated SET could overwrite what another
// node has written in between.
//
// # Permissions
//
// An ACL user for this layer needs
//
//	~prefix:* +get +set +unlink +ping +getrange +evalsha +eval +time
//
// and on a cluster also +cluster|slots and +command. Without +evalsha and +eval
// it needs +watch +unwatch +multi +exec, and arbitration takes longer. Without +time
// a write that was given up, and is held up on its way for longer, may undo what
// other nodes have written since.
//
// # Logging
//
// go-redis prints failed dials to the standard error of the process, through a
// logger that is global; this package leaves it alone. A program that does not
// want these lines calls logging.Disable, from the package logging of go-redis,
// in its main function.
package redisdist

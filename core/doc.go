// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package core holds the contracts and the vocabulary of the toolkit: what a
// layer, a backplane, a serializer and a plugin must do, what an entry is, and
// the one signature that all policies on the read path share. It needs nothing
// but the standard library, starts no goroutine and does no I/O.
//
// # Which package for which job
//
//   - To use a cache: package hybrid, and one package for each part.
//   - To write a part: this package, and the suite that examines it (memorytest,
//     distributedtest, backplanetest, serializertest, locktest).
//   - To check that your own nodes and servers behave as one cache: coherencetest.
//   - To compose a read path by hand: this package and package resilience.
//
// # The seams
//
// A [MemoryLayer] (L1) holds entries inside the process. A [DistributedLayer]
// (L2) holds bytes outside of it. A [Backplane] carries invalidations between
// nodes. A [Serializer] makes bytes of values. A [Locker] lends locks that nodes
// share. A [Plugin] listens and wraps. Each has two or three methods; every further ability is an interface of its own that
// a stack finds with [As].
//
// # The life of an entry
//
// An [Entry] is fresh until its stale instant, then stale until it is dead. While
// stale it is never returned by a plain read; fail-safe serves it when the
// factory fails or is late, and then leaves the factory alone for a throttle
// window. See [State].
package core

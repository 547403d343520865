// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"context"
	"time"
)

// DistributedLayer (L2) holds encoded entries outside the process, shared by
// all nodes. It moves bytes and judges nothing: no retry, no time limit of its
// own, no logging, no knowledge of what the bytes mean.
//
// The contract of every method:
//
//   - Many goroutines call at once.
//   - A done context gives an error that wraps ctx.Err(); a deadline is kept.
//   - An error is never a miss, and a miss is never an error.
//   - Keys are non-empty UTF-8 or raw bytes of at most [MaxKeyLen] plus the
//     stack's prefix; two different keys must never meet in one slot.
//   - Slices are neither kept nor shared, in either direction.
//   - After the client behind it is closed a method returns an error.
//
// Who creates the client closes it; a stack closes no layer that it was given.
type DistributedLayer interface {
	// Get returns the bytes stored for key. ok is false when there are none. Where
	// the server holds something else than bytes, the error wraps [ErrForeign].
	Get(ctx context.Context, key string) (data []byte, ok bool, err error)

	// Set stores data for ttl, replacing what was there and its ttl. ttl is
	// always positive; [Forever] means that it never ends. A layer with coarser
	// time rounds up: the frame carries the exact instants.
	Set(ctx context.Context, key string, data []byte, ttl time.Duration) error

	// Delete removes key. Deleting what is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Concealer is the ability of a [DistributedLayer] to say that its server learns no
// value, as one behind layer.Encrypt. A wrapper forwards it: what is concealed stays so.
type Concealer interface {
	// Conceals reports whether who can read the server learns nothing of values from it.
	// A stack then shows none to the backplane either: see [EntryOptions.Push].
	Conceals() bool
}

// Pinger is the ability of a layer or backplane to say whether its server
// answers now. The context must have a deadline.
type Pinger interface {
	Ping(ctx context.Context) error
}

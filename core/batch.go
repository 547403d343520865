// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import "context"

// BatchReader is the ability of a [DistributedLayer] to read many keys at once,
// in one round trip per server where that is possible.
type BatchReader interface {
	// GetMany does for each of keys, which are all different, what Get does, and
	// returns the outcomes in the order of keys. A key that fails does not fail the
	// others. An error instead stands for all keys; it is errors.ErrUnsupported
	// from a wrapper around a layer without the ability, even for no keys at all.
	GetMany(ctx context.Context, keys []string) ([]Got, error)
}

// BatchHeaderReader is the ability of an [Arbiter] to read the ordering headers of
// many keys at once, in one round trip per server where that is possible. It is for
// a node that holds copies in doubt: it reads whole only what has changed. Without
// it, a node that asks about several of them reads all of them whole.
type BatchHeaderReader interface {
	// ReadHeaders does for each of keys, which are all different, what ReadHeader
	// does, and returns the outcomes in the order of keys; Data is the header. For
	// errors the same holds as for [BatchReader].
	ReadHeaders(ctx context.Context, keys []string) ([]Got, error)
}

// Got is what came of one key of a [BatchReader] or a [BatchHeaderReader]: what Get or
// ReadHeader returns.
type Got struct {
	Data []byte
	OK   bool
	Err  error
}

// BatchArbiter is the ability of an [Arbiter] to decide about many writes at
// once, in one round trip per server where that is possible. Each write is
// decided by itself: a batch is no transaction.
type BatchArbiter interface {
	Arbiter

	// ArbitrateMany does for each of writes, whose keys are all different, what
	// Arbitrate does, and returns the outcomes in the order of writes. For errors
	// the same holds as for [BatchReader]. It keeps nothing of writes.
	ArbitrateMany(ctx context.Context, writes []KeyWrite) ([]Ruled, error)
}

// KeyWrite is a [Write] and its key.
type KeyWrite struct {
	Key string
	Write
}

// Ruled is what came of one write of a [BatchArbiter]: what Arbitrate returns.
type Ruled struct {
	Ruling
	Err error
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// Harness tells the suite how to make the layer under test and what it can do.
// The constructors fail the given test themselves when they cannot deliver, and
// register what has to be undone with its Cleanup.
type Harness struct {
	// New returns a working layer. Keys of the suite have a random part, so the
	// server behind it may be shared and need not be empty. Required.
	New func(tb testing.TB) core.DistributedLayer

	// NewClosed returns a layer whose client was closed after it had worked.
	// Nil only with Features.NoClose.
	NewClosed func(tb testing.TB) core.DistributedLayer

	// NewDown returns a layer whose server refuses connections. Nil only with
	// Features.NoServer.
	NewDown func(tb testing.TB) core.DistributedLayer

	// NewStalled returns a layer whose server holds its connections open and
	// answers nothing: a stopped process, or a listener that never replies. Nil
	// only with Features.NoServer.
	NewStalled func(tb testing.TB) core.DistributedLayer

	// Bubble runs each law in its own synctest bubble, where waiting takes no
	// time. Possible when neither layer nor server uses real I/O.
	Bubble bool

	// Advance moves the time of a fake server forward. Nil means that the
	// server's time is the test's own: the suite waits for short lives to end.
	Advance func(d time.Duration)

	// TTLGranularity is the unit to which the layer rounds a ttl up. 0 means a
	// millisecond or finer.
	TTLGranularity time.Duration

	// Slack is how much later than promised things may happen on a busy
	// machine. 0 means 2 s, and in a bubble next to nothing.
	Slack time.Duration

	// MaxValue is the size in bytes of the largest value that must fit. 0 means
	// 1 MiB.
	MaxValue int

	// Features declares the abilities of the layer and what does not apply to it.
	Features Features
}

// Features are promises. The suite fails when one is broken, and also when the
// layer has an ability that is not declared.
type Features struct {
	// Ping: the layer implements [core.Pinger].
	Ping bool
	// Arbiter: the layer implements [core.Arbiter].
	Arbiter bool
	// Batch: the layer implements [core.BatchReader], and [core.BatchArbiter] if it is
	// an arbiter.
	Batch bool
	// BatchHeaders: the layer implements [core.BatchHeaderReader]. Only for an arbiter.
	BatchHeaders bool
	// NoServer: the layer talks to nothing that could be down or stalled.
	NoServer bool
	// NoClose: there is nothing behind the layer that could be closed.
	NoClose bool
}

// ErrNotApplicable is wrapped by what [Check] returns for a law about something
// that the harness declares as missing.
var ErrNotApplicable = lawtest.ErrNotApplicable

func (h Harness) withDefaults() Harness {
	if h.Slack == 0 {
		h.Slack = 2 * time.Second
		if h.Bubble {
			h.Slack = 2 * pollStep
		}
	}
	if h.TTLGranularity <= 0 {
		h.TTLGranularity = time.Millisecond
	}
	if h.MaxValue == 0 {
		h.MaxValue = 1 << 20
	}
	return h
}

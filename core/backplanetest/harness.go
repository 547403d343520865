// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// Harness tells the suite how to make the backplane under test and what it can
// do. Its functions fail the given test themselves when they cannot deliver, and
// register what has to be undone with its Cleanup. The suite ends all its
// subscriptions before that.
type Harness struct {
	// New opens a channel with a name of its own, on which nothing of another
	// channel arrives. The server behind it may be shared unless Cut or Stall
	// of this channel would disturb others. Required.
	New func(tb testing.TB) Channel

	// Bubble runs each law in its own synctest bubble, where waiting takes no
	// time. Possible when neither backplane nor server uses real I/O.
	Bubble bool

	// Patience is how long the suite waits for what must happen, such as the
	// arrival of a message or the report of a cut. 0 means 5 s.
	Patience time.Duration

	// Quiet is how long the suite listens to be sure that nothing more happens.
	// 0 means 200 ms.
	Quiet time.Duration

	// MaxMessage is the size in bytes of the largest message that must be
	// carried. 0 means 32 KiB.
	MaxMessage int

	// Oversize is a size in bytes that Publish must refuse. 0 only with
	// Features.NoLimit.
	Oversize int

	// Overflow is a number of small messages that is certain to overflow the
	// queue of a subscriber that takes none. Make that queue small, but not below
	// 64 messages. 0 only with Features.NoOverflow.
	Overflow int

	// Features declares the abilities of the backplane and what does not apply
	// to it.
	Features Features
}

// Channel is one channel of the backplane under test. All functions but Node may
// be nil when Features says so.
type Channel struct {
	// Node returns a backplane on this channel as a further process would have
	// it: with a client of its own.
	Node func() core.Backplane

	// Closed returns a node whose client was closed after it had worked. Nil
	// only with Features.NoClose.
	Closed func() core.Backplane

	// Cut breaks every connection of every node and lets no new one through
	// until repair is called, once. Nil only with Features.NoCut.
	Cut func() (repair func())

	// Stall stops all traffic of every node while the connections stay open,
	// until resume is called, once: a stopped server, or a proxy that no longer
	// forwards. Nil only with Features.NoStall.
	Stall func() (resume func())
}

// Features are promises. The suite fails when one is broken, and also when the
// backplane has an ability that is not declared.
type Features struct {
	// Ping: the backplane implements [core.Pinger].
	Ping bool
	// Gapless: after a repair the backplane may know that nothing was lost, and
	// then says Joined(true). Others always say Joined(false).
	Gapless bool
	// NoClose: there is nothing behind the backplane that could be closed.
	NoClose bool
	// NoCut: there is no connection that could break.
	NoCut bool
	// NoStall: there is no peer that could stop answering.
	NoStall bool
	// NoLimit: there is no limit to the size of a message worth testing.
	NoLimit bool
	// NoOverflow: the queue of a slow subscriber cannot be overflowed in a test.
	NoOverflow bool
}

// ErrNotApplicable is wrapped by what [Check] returns for a law about something
// that the harness declares as missing.
var ErrNotApplicable = lawtest.ErrNotApplicable

func (h Harness) withDefaults() Harness {
	if h.Patience == 0 {
		h.Patience = 5 * time.Second
	}
	if h.Quiet == 0 {
		h.Quiet = 200 * time.Millisecond
	}
	if h.MaxMessage == 0 {
		h.MaxMessage = 32 << 10
	}
	return h
}

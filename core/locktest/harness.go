// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package locktest

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

// Harness tells the suite how to make the locker under test and what it can do.
// Its functions fail the given test themselves when they cannot deliver, and
// register what has to be undone with its Cleanup.
type Harness struct {
	// New opens a lock service on which nothing is locked by anybody else.
	// Required.
	New func(tb testing.TB) Service

	// Bubble runs each law in its own synctest bubble, where waiting takes no
	// time. Possible when the locker uses no real I/O.
	Bubble bool

	// TTL is the shortest life of a lease that is kept exactly, and a few hundred
	// milliseconds at least, unless in a bubble. 0: 500 ms.
	TTL time.Duration

	// Patience is how long the suite waits for what must happen. 0: 10 s.
	Patience time.Duration

	// Features declares what does not apply to the locker.
	Features Features
}

// Service is a lock service for the nodes of one law.
type Service struct {
	// Node returns a locker as a further process would have it: with a client of
	// its own, if there is one.
	Node func() core.Locker

	// Closed returns a node whose client was closed after it had worked. Nil only
	// with Features.NoClose.
	Closed func() core.Locker

	// Cut breaks the connections of every node and lets no new one through until
	// repair is called, once. Nil only with Features.NoCut.
	Cut func() (repair func())

	// Hang holds back all that goes to and from every node, on new connections, too,
	// until repair is called, once. Nil only with Features.NoCut.
	Hang func() (repair func())
}

// Features are promises.
type Features struct {
	// NoClose: there is nothing behind the locker that could be closed.
	NoClose bool
	// NoCut: there is no connection that could break or hang.
	NoCut bool
}

// ErrNotApplicable is wrapped by what [Check] returns for a law about something
// that the harness declares as missing.
var ErrNotApplicable = lawtest.ErrNotApplicable

func (h Harness) withDefaults() Harness {
	if h.TTL == 0 {
		h.TTL = 500 * time.Millisecond
	}
	if h.Patience == 0 {
		h.Patience = 10 * time.Second
	}
	return h
}

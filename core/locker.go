// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"context"
	"errors"
	"time"
)

// ErrLeaseLost is wrapped by the error of a [Lease] that its holder does not have
// any more: it was not renewed in time, or the lock service has lost it.
var ErrLeaseLost = errors.New("lease is lost")

// Locker lends locks by name, each to one holder of all nodes at a time. A lock
// saves work and never makes it correct: a holder that was paused may go on after
// its lease has ended. What must not be overwritten is for an [Arbiter] to guard.
//
// Both methods are safe for many goroutines at once, keep a deadline, and wrap
// ctx.Err() when the context is done. Names are of 1 to 2048 bytes, any bytes.
// Who creates the client behind a locker closes it.
type Locker interface {
	// TryLock takes the lock of name for ttl, which is positive and may be rounded
	// up to a second, unless somebody has it: then the lease is nil, and the error
	// too. It waits for nobody. An error leaves open whether the lock was taken; if
	// it was, it ends after ttl.
	TryLock(ctx context.Context, name string, ttl time.Duration) (Lease, error)

	// Wait returns nil as soon as nobody has the lock of name, or somebody has let
	// it go since Wait was called: it is told so by the service, and does not ask
	// again and again. A holder that dies is waited for until its lease ends.
	Wait(ctx context.Context, name string) error
}

// Lease is a lock that was taken. Its methods are safe for many goroutines at
// once. A lease that has ended does not come back, and ends no later one.
type Lease interface {
	// Fence returns a number that is greater than that of every earlier lease of
	// the same lock, for services that refuse what comes with a lower one.
	Fence() uint64

	// Renew makes the lease end ttl from now. The error wraps ErrLeaseLost if it
	// has ended before; any other error leaves open whether it was renewed.
	Renew(ctx context.Context, ttl time.Duration) error

	// Release ends the lease and tells those who wait. A lease that has ended
	// already is no error.
	Release(ctx context.Context) error
}

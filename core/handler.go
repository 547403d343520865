// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"context"
	"sync/atomic"
)

// Request is what travels down the read path. It is passed by value: a stage
// that changes something changes its own copy. What it points to is read-only.
type Request struct {
	// Key is the key as the layers of the stack see it.
	Key string

	// Options are resolved and complete.
	Options *EntryOptions

	// Codec turns payloads into values of the asking view.
	Codec Codec

	// Factory makes the value when no level has it. Nil for a plain read.
	Factory Factory

	// Held is the best entry found so far that is not fresh: what fail-safe can
	// serve. Nil if none.
	Held *Entry

	// Token is the right of the present flight to store its result. Nil outside
	// a flight.
	Token *Token

	// Seen is what the distributed layer held when it was read. Nil if it was not.
	Seen *Seen

	// Answer is what the distributed layer has said already, in one read of many
	// keys. Nil if it is still to be asked.
	Answer *Answer

	// Stamp is what the entry that the factory makes is to have. Nil if that is not
	// known yet.
	Stamp *Stamp

	// Unread says that the distributed layer was not read, as a load of the key was
	// under way that has read it, or was read before a wait for a turn. Who begins to
	// load has to.
	Unread bool

	// Foreground says that the result of the load is to be in the distributed layer when
	// the load ends, whatever BackgroundWrites says: other nodes wait for it.
	Foreground bool
}

// Answer is what a [Handler] returns.
type Answer struct {
	Result Result
	Err    error
}

// Result is what travels back up. A zero Result means that nothing was found.
type Result struct {
	Entry *Entry
	Level Level // where the entry came from
	Stale bool  // it was served although its logical life has ended
	Seen  *Seen // what the distributed layer held, from the stage that read it

	// Options are those of the request as an [Adaptive] factory has changed them; the
	// entry is stored by them. Nil: unchanged.
	Options *EntryOptions
}

// Handler answers a request, itself or by asking the next handler.
type Handler func(ctx context.Context, r Request) (Result, error)

// Stage is a decorator on the read path: it returns a handler that does
// something before or after, or instead of, next. It must not call next after it
// has returned, and must hand on a context derived from the one it got.
type Stage func(next Handler) Handler

// Chain composes stages around last, the first stage outermost:
// Chain(last, a, b) is a(b(last)).
func Chain(last Handler, stages ...Stage) Handler {
	for i := len(stages) - 1; i >= 0; i-- {
		last = stages[i](last)
	}
	return last
}

// Factory makes the value of a key.
type Factory interface {
	// Load returns a new live entry for r.Key with the metadata that r.Options
	// give it.
	Load(ctx context.Context, r Request) (*Entry, error)
}

// Adaptive is the ability of a [Factory] that decides how its result is stored.
type Adaptive interface {
	// LoadAdaptive is Load; it returns complete options too, which then hold instead
	// of r.Options, or nil.
	LoadAdaptive(ctx context.Context, r Request) (*Entry, *EntryOptions, error)
}

// Token is the right to store a result. A load takes one before it reads
// anything; any write, removal or message for its key revokes it, so that what
// was read before the write is not stored after it. Safe for concurrent use.
type Token struct{ revoked atomic.Bool }

// Revoke takes the right away, for good.
func (t *Token) Revoke() { t.revoked.Store(true) }

// Valid reports whether the result may still be stored. A nil token is valid.
// Only a caller that holds the lock under which writers revoke may act on it.
func (t *Token) Valid() bool { return t == nil || !t.revoked.Load() }

// Seen is what a read of the distributed layer found in the key's place. A later
// fill compares against it. It is immutable.
type Seen struct {
	// Header is the ordering header found, empty if the place was empty.
	Header []byte

	// Foreign reports that the bytes found are not ours to overwrite: they belong
	// to somebody else, or to a newer version of this library.
	Foreign bool
}

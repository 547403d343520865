// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Errors that a cache returns, alone or wrapped. Compare with errors.Is.
var (
	// ErrClosed is returned by every operation on a stack after Close.
	ErrClosed = errors.New("cache is closed")

	// ErrKey is returned for a key that is empty or longer than MaxKeyLen.
	ErrKey = errors.New("key must have 1 to 1024 bytes")

	// ErrNoFactory is returned by a call that needs a factory and was given nil.
	ErrNoFactory = errors.New("factory is nil")

	// ErrFactoryTimeout is returned when a hard timeout ends a caller's wait and
	// no stale value may be served. It also matches context.DeadlineExceeded.
	ErrFactoryTimeout error = &TimeoutError{}

	// ErrRecursiveLoad is returned to a factory that asks for the key it is
	// loading.
	ErrRecursiveLoad = errors.New("factory loads its own key")

	// ErrGoexit is the value of a PanicError for a factory that ended its
	// goroutine with runtime.Goexit, as testing.T.FailNow does.
	ErrGoexit = errors.New("runtime.Goexit called")

	// ErrNotFound is what a factory returns, alone or wrapped, for a key that has no
	// value: an answer, which fail-safe never masks, and which is stored if
	// EntryOptions.NotFoundTTL says so.
	ErrNotFound = errors.New("not found")

	// ErrTooLarge is returned by a layer for an entry that it can never hold.
	ErrTooLarge = errors.New("entry too large for the layer")

	// ErrNoRoom is returned by a distributed layer whose server is full and evicts
	// nothing: it answers reads and takes removals, but no write. An Arbiter that
	// returns it has taken away what a write that is no fill would have replaced.
	ErrNoRoom = errors.New("server is full")

	// ErrOverload is returned instead of starting a factory while as many as
	// allowed are running, or have been abandoned and do not end.
	ErrOverload = errors.New("too many factories running")
)

// MaxKeyLen is the longest key, in bytes, that a view accepts.
const MaxKeyLen = 1024

// Op names an operation in errors and events.
type Op uint8

// The operations.
const (
	OpGet Op = iota + 1
	OpGetOrSet
	OpSet
	OpRemove
	OpExpire
	OpClose
	OpPublish
	OpSubscribe
	OpEncode
	OpDecode
	OpOpen
	OpLock
)

// String returns the lower-case name of the operation.
func (o Op) String() string {
	names := [...]string{"", "get", "get or set", "set", "remove", "expire", "close", "publish", "subscribe", "encode", "decode", "open", "lock"}
	if int(o) < len(names) {
		return names[o]
	}
	return "unknown"
}

// Error is what every operation of a cache returns when it fails: the
// operation, the caller's key and the reason. It never holds a value.
type Error struct {
	Op  Op
	Key string // empty for operations without a key
	Err error
}

// Error returns "cache: <op> "<key>": <reason>".
func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("cache: %s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("cache: %s %q: %v", e.Op, e.Key, e.Err)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// FactoryError says that the factory of Key returned Err. All callers that waited
// for one load get the same FactoryError. A factory that ended its goroutine
// gives a [PanicError] without it.
type FactoryError struct {
	Key string // with the name of the view in front
	Err error
}

// Error returns "factory: <reason>"; the key is in the enclosing [Error].
func (e *FactoryError) Error() string { return "factory: " + e.Err.Error() }

// Unwrap returns the error that the factory returned.
func (e *FactoryError) Unwrap() error { return e.Err }

// PanicError says that a factory panicked, or called runtime.Goexit (then Value
// is [ErrGoexit]). Every caller that waited gets it. It also says that a plugin
// panicked.
type PanicError struct {
	Value any    // what was given to panic; print it with care, it may hold anything
	Stack []byte // of the goroutine that panicked; not to be changed
}

// Error names the type of the panic's value and, if that is an error, its text.
// Other values may hold secrets and are left out.
func (e *PanicError) Error() string {
	if err, ok := e.Value.(error); ok {
		return "panic: " + err.Error()
	}
	return fmt.Sprintf("panic: %T", e.Value)
}

// Unwrap returns the panic's value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// TimeoutError says that a caller's patience ended before the factory did.
type TimeoutError struct {
	Key   string
	After time.Duration // the limit that ended the wait
	Soft  bool          // by the soft timeout; such an error is normally answered with a stale value
}

// Error names the limit.
func (e *TimeoutError) Error() string {
	if e.After == 0 {
		return "factory timed out"
	}
	if e.Soft {
		return fmt.Sprintf("factory passed the soft timeout of %v", e.After)
	}
	return fmt.Sprintf("factory timed out after %v", e.After)
}

// Is reports whether target is ErrFactoryTimeout or context.DeadlineExceeded.
func (e *TimeoutError) Is(target error) bool {
	return target == ErrFactoryTimeout || target == context.DeadlineExceeded
}

// Level is a part of a stack that an error or an event is about.
type Level uint8

// The levels.
const (
	LevelMemory Level = iota + 1
	LevelDistributed
	LevelBackplane
	LevelFactory
	LevelLock // the locks that nodes share
)

// String returns the lower-case name of the level.
func (l Level) String() string {
	switch l {
	case LevelMemory:
		return "memory"
	case LevelDistributed:
		return "distributed"
	case LevelBackplane:
		return "backplane"
	case LevelFactory:
		return "factory"
	case LevelLock:
		return "lock"
	}
	return "none"
}

// LayerError says that an operation on a layer, the backplane or the serializer
// failed. Reads swallow it unless asked not to; events always carry it.
type LayerError struct {
	Level Level
	Op    Op
	Key   string // as the caller knows it, with the view's name in front
	Err   error
}

// Error returns "<level> <op>: <reason>"; the key is in the enclosing [Error].
func (e *LayerError) Error() string { return fmt.Sprintf("%s %s: %v", e.Level, e.Op, e.Err) }

// Unwrap returns the error of the layer.
func (e *LayerError) Unwrap() error { return e.Err }

// OptionError says which option is wrong and why. It never holds a secret.
type OptionError struct {
	Option string // as written in Go, for example "EntryOptions.StaleTTL"
	Err    error
}

// Error returns "option <name>: <reason>".
func (e *OptionError) Error() string { return "option " + e.Option + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *OptionError) Unwrap() error { return e.Err }

// noFailSafe marks an error that fail-safe must not mask.
type noFailSafe struct{ err error }

func (e *noFailSafe) Error() string { return e.err.Error() }
func (e *noFailSafe) Unwrap() error { return e.err }

// NoFailSafe marks err so that fail-safe returns it instead of a stale value,
// for failures that are answers: not found, not allowed. NoFailSafe(nil) is nil.
func NoFailSafe(err error) error {
	if err == nil {
		return nil
	}
	return &noFailSafe{err}
}

// MasksStale reports whether fail-safe may answer err with a stale value: it may
// for any error that was not marked with [NoFailSafe], and is not [ErrNotFound].
func MasksStale(err error) bool {
	_, marked := errors.AsType[*noFailSafe](err)
	return !marked && !errors.Is(err, ErrNotFound)
}

// declined marks the error of a factory that has nothing better than what is there.
type declined struct{ err error }

func (e *declined) Error() string { return e.err.Error() }
func (e *declined) Unwrap() error { return e.err }

// Decline marks the error of a factory that knows that it cannot answer now, and
// asks for fail-safe: that is no failure, and no listener hears of one. Where there
// is nothing stale to serve, the caller gets err as any other. Decline(nil) is nil.
func Decline(err error) error {
	if err == nil {
		return nil
	}
	return &declined{err}
}

// Declined reports whether err was marked with [Decline].
func Declined(err error) bool {
	_, marked := errors.AsType[*declined](err)
	return marked
}

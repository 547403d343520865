// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"strings"
	"sync/atomic"
	"time"
)

// Kind is a kind of event, or a set of kinds.
type Kind uint64

// The kinds of events. Each comment names the fields that are set besides Kind
// and Stack.
const (
	Hit                 Kind = 1 << iota // Key, Level
	StaleHit                             // Key, Age: a stale entry was served, or without Age the default of fail-safe
	Miss                                 // Key: nothing to serve was found on any level
	Written                              // Key, Op: a write was accepted
	Removed                              // Key
	Expired                              // Key
	FactorySucceeded                     // Key, Took
	FactoryFailed                        // Key, Took, Err
	FactoryTimedOut                      // Key, Err: a caller stopped waiting
	BackgroundSucceeded                  // Key, Took: a factory that nobody waited for any more
	BackgroundFailed                     // Key, Took, Err
	FailSafeActivated                    // Key, Err: a throttle window was opened, or the default was served
	Fenced                               // Key: a result was not stored, its key was written meanwhile
	LayerFailed                          // Key, Level, Op, Err
	DecodeFailed                         // Key, Level, Err: stored bytes could not be read
	Foreign                              // Key: bytes in our place that are not ours
	MemoryRefused                        // Key, Err: memory cannot hold the entry
	Joined                               // the backplane delivers
	GapSuspected                         // Detail: messages may have been lost
	MessageReceived                      // Key, Op
	MessageRejected                      // Err: not a message of ours
	BreakerChanged                       // Level, Detail
	PluginPanicked                       // Detail: the plugin, or all around a layer; Err
	Advice                               // Detail: options that are allowed but probably not meant
	RefreshStarted                       // Key: the entry is being refreshed in the background
	LockWaited                           // Key, Took: a load has waited for one of another node
	Revalidated                          // Key: an entry in doubt still is what the distributed layer holds
	Replayed                             // Key, Op: a write that had failed was made good
	ReplayDropped                        // Key, Op: a write that had failed was not the last any more
	RecoveryOverflowed                   // more writes failed than are kept: everything is removed instead
	TagInvalidated                       // Key: the tag; Op: remove or expire
	Cleared                              // Op: remove or expire
	MessageSent                          // Key, Op
	LayerHit                             // Key, Level, Detail: the distributed layer has an entry, in that state by its life
	LayerMiss                            // Key, Level: the distributed layer has nothing, or nothing of use
	LayerWritten                         // Key, Level: the distributed layer has taken an entry
	LayerRemoved                         // Key, Level: the distributed layer has taken a removal
	Evicted                              // Key, Level, Age, Detail: memory has dropped an entry, in that state, to make room
	MemoryMissed                         // Key, Level: a look into memory found nothing, or nothing of use
	MemoryWritten                        // Key, Level, Detail: memory has taken an entry, from that level or the caller
	MemoryRemoved                        // Key, Level, Age, Detail: memory has dropped an entry, on account of that level or the caller
	MemoryExpired                        // Key, Level, Age, Detail: the life of an entry in memory was ended, on account of that level or the caller

	AllKinds Kind = 1<<iota - 1
)

// Event tells what happened. It never holds a value.
type Event struct {
	Kind   Kind
	Stack  string // name of the stack
	Key    string // with the name of the view in front
	Level  Level
	Op     Op
	Err    error
	Took   time.Duration
	Age    time.Duration // since the value was made
	Detail string
}

// Events delivers events to listeners. Without a listener for a kind an event
// costs one atomic read. A nil *Events has no listeners. All methods are safe
// for concurrent use.
type Events struct {
	stack     string
	mask      atomic.Uint64
	listeners atomic.Pointer[[]*listener]
}

type listener struct {
	mask  Kind
	name  string
	fn    func(Event)
	brief bool // fn keeps no key
	muted atomic.Bool
}

// NewEvents returns the events of the named stack.
func NewEvents(stack string) *Events { return &Events{stack: stack} }

// Listen has fn called with every event of the kinds in mask, on the goroutine
// that caused it. fn must be quick and must not call the cache.
// If it panics, it is muted and a PluginPanicked event names it.
//
// Listen is meant for set-up, but safe at any time. A listener stays for the life of
// the stack; one that has heard enough returns at once.
func (e *Events) Listen(name string, mask Kind, fn func(Event)) {
	e.listen(&listener{mask: mask, name: name, fn: fn})
}

// ListenBriefly is [Events.Listen] for a fn that keeps the key of no event once it has
// returned. A hit then need not copy the key.
func (e *Events) ListenBriefly(name string, mask Kind, fn func(Event)) {
	e.listen(&listener{mask: mask, name: name, fn: fn, brief: true})
}

func (e *Events) listen(added *listener) {
	for {
		old := e.listeners.Load()
		var list []*listener
		if old != nil {
			list = append(list, *old...)
		}
		list = append(list, added)
		if e.listeners.CompareAndSwap(old, &list) {
			break
		}
	}
	e.mask.Or(uint64(added.mask))
}

// Wants reports whether anybody listens for a kind in k, so that a caller can
// save itself the making of an event.
func (e *Events) Wants(k Kind) bool { return e != nil && Kind(e.mask.Load())&k != 0 }

// Emit delivers ev.
func (e *Events) Emit(ev Event) { e.deliver(ev, false) }

// EmitBorrowed is [Events.Emit] for an event whose key lies in memory that the caller
// uses again: listeners that may keep it get a copy.
func (e *Events) EmitBorrowed(ev Event) { e.deliver(ev, true) }

func (e *Events) deliver(ev Event, borrowed bool) {
	if !e.Wants(ev.Kind) {
		return
	}
	ev.Stack = e.stack
	for _, l := range *e.listeners.Load() {
		if l.mask&ev.Kind == 0 || l.muted.Load() {
			continue
		}
		if borrowed && !l.brief {
			ev.Key, borrowed = strings.Clone(ev.Key), false
		}
		e.call(l, ev)
	}
}

// call shields the cache from a listener that panics.
func (e *Events) call(l *listener, ev Event) {
	defer func() {
		if p := recover(); p != nil {
			l.muted.Store(true)
			e.Emit(Event{Kind: PluginPanicked, Detail: l.name, Err: &PanicError{Value: p}})
		}
	}()
	l.fn(ev)
}

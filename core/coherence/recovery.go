// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// RecoveryOptions bound the making good of writes that failed.
type RecoveryOptions struct {
	// Tick is how often the queue is looked at. Zero: 500 ms.
	Tick time.Duration

	// MaxKeys bounds the queue. Beyond it, single keys are not kept any more: when
	// the servers are back, everything is invalidated instead. Zero: 10,000.
	MaxKeys int

	// MaxPause is the longest pause between two tries of a key. Zero: 5 s.
	MaxPause time.Duration

	// Timeout bounds one try, of a key or of several together: what the server is given
	// for it, and then the other nodes. Zero: core.DefaultDistributedTimeout, or the
	// DistributedTimeout of the stack's Defaults if that is longer.
	Timeout time.Duration
}

func (o RecoveryOptions) withDefaults() RecoveryOptions {
	o.Tick = cmp.Or(o.Tick, 500*time.Millisecond)
	o.MaxKeys = cmp.Or(o.MaxKeys, 10_000)
	o.MaxPause = cmp.Or(o.MaxPause, 5*time.Second)
	o.Timeout = cmp.Or(o.Timeout, core.DefaultDistributedTimeout)
	return o
}

// pause returns the pause after that many tries of a key: each is twice as long as
// the one before.
func (o RecoveryOptions) pause(tries int) time.Duration {
	doubled := min(tries-1, 10)
	if o.Tick > o.MaxPause>>doubled {
		return o.MaxPause
	}
	return o.Tick << doubled
}

// Recovery keeps what the distributed layer, or the other nodes, have not been
// told, and tells them when that works again. Per key only the last write of
// this node counts. Values are not kept: a replay takes the value from memory,
// or leaves a tombstone.
//
// Safe for concurrent use. It starts nothing; Run belongs to the caller.
type Recovery struct {
	options RecoveryOptions
	clock   core.Clock
	events  *core.Events
	wake    chan struct{}
	full    func() // called for a debt that there is no room for; may be nil

	mu       sync.Mutex
	items    map[string]*debt
	begun    map[string]core.Version // the last writes that go on in the background
	overflow bool
	count    atomic.Int64 // of items and begun, for a look without the lock
}

// NewRecovery returns an empty queue. events may be nil.
func NewRecovery(o RecoveryOptions, clock core.Clock, events *core.Events) *Recovery {
	return &Recovery{
		options: o.withDefaults(), clock: clock, events: events,
		wake: make(chan struct{}, 1), items: make(map[string]*debt), begun: make(map[string]core.Version),
	}
}

// Len returns how many keys are owed, and whether there were more than fit.
func (r *Recovery) Len() (keys int, overflow bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.items), r.overflow
}

// due returns the debts whose time has come, the longest waiting first.
func (r *Recovery) due(now core.Instant) []debt {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []debt
	for _, d := range r.items {
		if d.next <= now {
			out = append(out, *d)
		}
	}
	slices.SortFunc(out, func(a, b debt) int {
		return cmp.Or(cmp.Compare(a.next, b.next), cmp.Compare(a.version.Op, b.version.Op))
	})
	return out
}

// postpone lets a debt wait longer after each failure.
func (r *Recovery) postpone(d debt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.items[d.key]; now != nil && now.version.Same(d.version) {
		now.tries++
		now.next = r.clock.Now().Add(r.options.pause(now.tries))
	}
}

// giveUpAfter is how many failures in a row end a round: the servers are down,
// and there is no use in trying every key. A key that alone fails waits at the
// end of the line and does not hold up the others.
const giveUpAfter = 3

// maxReplays is how many debts are replayed at a time while the servers answer.
const maxReplays = 200

// replays makes debts of different keys good, of several perhaps only the first, and
// returns what became of these.
type replays func(ctx context.Context, debts []debt) []error

// Run replays what is due, every Tick, until ctx ends; overflowed makes good
// everything that did not fit.
func (r *Recovery) Run(ctx context.Context, replay replays, overflowed func(context.Context) error) {
	for {
		if keys, overflow := r.Len(); keys == 0 && !overflow {
			select {
			case <-r.wake:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-time.After(r.options.Tick):
		case <-ctx.Done():
			return
		}
		r.round(ctx, r.clock.Now(), replay, overflowed)
	}
}

// round replays the debts that are due at now. It reports whether none has failed.
func (r *Recovery) round(ctx context.Context, now core.Instant, replay replays, overflowed func(context.Context) error) bool {
	failures, failed := 0, false
	atOnce := 1 // until it is known that the servers answer
	for due := r.due(now); len(due) > 0; {
		if ctx.Err() != nil || failures >= giveUpAfter {
			return false
		}
		ended := replay(ctx, due[:min(atOnce, len(due))])
		for i, err := range ended {
			if err != nil {
				failures, failed = failures+1, true
				r.postpone(due[i])
				continue
			}
			failures = 0
			r.settle(due[i].key, due[i].version, true)
		}
		due = due[len(ended):]
		if atOnce = 1; failures == 0 {
			atOnce = maxReplays
		}
	}
	r.mu.Lock()
	overflow := r.overflow && len(r.items) < r.options.MaxKeys
	r.mu.Unlock()
	if failures > 0 || !overflow {
		return !failed
	}
	if overflowed(ctx) != nil {
		return false
	}
	r.mu.Lock()
	r.overflow = false
	r.recount()
	r.mu.Unlock()
	return !failed
}

// Flush makes a last round, in which no debt waits for its time, and another one for what
// calls that were under way have left meanwhile. It returns an error that says what is
// left, and why if there was no time for it.
func (r *Recovery) Flush(ctx context.Context, replay replays, overflowed func(context.Context) error) error {
	var keys int
	var overflow bool
	for again := true; again; {
		again = r.round(ctx, core.Never, replay, overflowed) && ctx.Err() == nil
		if keys, overflow = r.Len(); keys == 0 && !overflow {
			return nil
		}
	}
	left := fmt.Errorf("%d writes are known to this node only (more were not kept: %t)", keys, overflow)
	if ctx.Err() != nil {
		return errors.Join(left, context.Cause(ctx))
	}
	return left
}

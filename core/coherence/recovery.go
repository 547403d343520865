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
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
	"github.com/fusioncache-go/fusioncache/core/wire"
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
}

func (o RecoveryOptions) withDefaults() RecoveryOptions {
	o.Tick = cmp.Or(o.Tick, 500*time.Millisecond)
	o.MaxKeys = cmp.Or(o.MaxKeys, 10_000)
	o.MaxPause = cmp.Or(o.MaxPause, 5*time.Second)
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

// debt is one key's unfinished write.
type debt struct {
	key     string
	kind    wire.MessageKind // of the last write
	says    wire.MessageKind // what the nodes are to be told; see heavier
	version core.Version
	arrived core.Version // as which the distributed layer has it; zero if it has not
	meta    core.Meta    // for a set: as it is to be in the distributed layer
	codec   core.Codec   // for a set
	told    bool         // the distributed layer has it, only the nodes have not
	aside   bool         // the distributed layer was not to have it
	since   core.Instant
	tries   int
	next    core.Instant
}

// stands returns the version that the other nodes are told of.
func (d debt) stands() core.Version {
	if d.arrived.IsZero() {
		return d.version
	}
	return d.arrived
}

// NewRecovery returns an empty queue. events may be nil.
func NewRecovery(o RecoveryOptions, clock core.Clock, events *core.Events) *Recovery {
	return &Recovery{
		options: o.withDefaults(), clock: clock, events: events,
		wake: make(chan struct{}, 1), items: make(map[string]*debt), begun: make(map[string]core.Version),
	}
}

// begin notes that write v of key goes on in the background, until it is owed or
// settled.
func (r *Recovery) begin(key string, v core.Version) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun[key].Op < v.Op {
		r.begun[key] = v
	}
	r.recount()
}

// end takes back what begin noted, and counts. The lock is held.
func (r *Recovery) end(key string, v core.Version) {
	if r.begun[key].Op == v.Op {
		delete(r.begun, key)
	}
	r.recount()
}

// override notes that write v of key is under way, if an older one is owed: what the
// node believes of the distributed layer is not that one any more.
func (r *Recovery) override(key string, v core.Version) {
	if r == nil || r.count.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.items[key] != nil && r.begun[key].Op < v.Op {
		r.begun[key] = v
		r.recount()
	}
}

func (r *Recovery) recount() {
	n := len(r.items) + len(r.begun)
	if r.overflow {
		n++
	}
	r.count.Store(int64(n))
}

// owe takes d in, in the place of an earlier debt of its key.
func (r *Recovery) owe(d *debt) {
	lost := false
	if mutation.On(mutation.NoRecovery) {
		return
	}
	d.says = r.heavier(d.key, d.kind)
	d.since = r.clock.Now()
	r.mu.Lock()
	switch now, known := r.items[d.key]; {
	case known && now.version.Op > d.version.Op: // a later write owes already
	case known && !now.told && d.aside: // the distributed layer still lacks what came before
	case !known && len(r.items) >= r.options.MaxKeys:
		r.overflow, lost = true, true
		if mutation.On(mutation.NoOverflow) {
			r.overflow, lost = false, false
		}
	default:
		r.items[d.key] = d
	}
	r.end(d.key, d.version)
	r.mu.Unlock()
	if lost {
		r.events.Emit(core.Event{Kind: core.RecoveryOverflowed})
	}
	if lost && r.full != nil {
		r.full()
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// settle takes out the debt of key, unless it is for a later write than v, or the
// distributed layer is owed it and v has not gone there.
func (r *Recovery) settle(key string, v core.Version, shared bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.items[key]; d != nil && d.version.Op <= v.Op && (shared || d.told) {
		delete(r.items, key)
	}
	r.end(key, v)
}

// owes returns the version of key's unfinished write, of which the distributed
// layer may know nothing.
func (r *Recovery) owes(key string) (v core.Version, ok bool) {
	if r == nil || r.count.Load() == 0 {
		return core.Version{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.overflow && key == markKey("") {
		return core.Version{}, true // everything is to be invalidated
	}
	v = r.begun[key]
	if d := r.items[key]; d != nil && !d.told && d.version.Op > v.Op {
		v = d.version
	}
	return v, !v.IsZero()
}

// ahead reports whether v is key's unfinished write, and what was seen in the
// distributed layer is older for certain.
func (r *Recovery) ahead(key string, v core.Version, seen *core.Seen, skew time.Duration) bool {
	own, owes := r.owes(key)
	if !owes || !own.Same(v) || seen.Foreign {
		return false
	}
	if len(seen.Header) == 0 {
		return true
	}
	h, err := core.ParseHeader(seen.Header)
	return err == nil && (h.Node == own.Node && h.Op < own.Op || h.Time+skew.Milliseconds() < own.Time)
}

// lags reports whether what the distributed layer holds for key is older than a
// write of this node before v, which it does not know. It is not worth keeping
// even as a stale value: that write may have been a removal.
func (r *Recovery) lags(key string, v core.Version) bool {
	if r == nil || r.count.Load() == 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.items[key]
	return r.overflow || d != nil && !d.told && d.version.Op < v.Op
}

// strip has the debt d replayed without its value, which the distributed layer cannot hold.
func (r *Recovery) strip(d debt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.items[d.key]; now != nil && now.version.Same(d.version) {
		now.codec = nil
	}
}

// heavier returns what the other nodes are to be told of a write of key: a removal
// that they have not heard of is part of it.
func (r *Recovery) heavier(key string, kind wire.MessageKind) wire.MessageKind {
	if r == nil || r.count.Load() == 0 {
		return kind
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.items[key]; d != nil && removal(d.says) {
		return d.says
	}
	return kind
}

func removal(kind wire.MessageKind) bool {
	return kind == wire.MessageRemove || kind == wire.MessageTagRemoved || kind == wire.MessageCleared
}

// still reports whether d is what its key owes: no later write has taken its place.
func (r *Recovery) still(d debt) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.items[d.key]
	return now != nil && now.version.Same(d.version)
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

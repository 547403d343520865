// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

// Explanation is everything that a stack knows of a key at one moment, for people who
// look for the cause of something. It never holds a value. Durations are as of that
// moment; core.Forever means that there is no end.
type Explanation struct {
	Stack string
	Key   string // with the name of the view in front

	Memory      Copy
	Distributed Copy  // not Asked without a distributed layer, or with SkipDistributedRead
	Unread      error // why the distributed layer has given no answer, or none that can be read

	// Trusted and Marks say whether the copy in memory is served without asking the
	// distributed layer: if no message about it can have been missed, and if no tag
	// of it was removed or expired: "valid", "unknown", "expired" or "removed".
	Trusted bool
	Marks   string

	Fence core.Version // nothing older is served or stored; zero if there is none
	Owed  core.Version // of a write of this node that the distributed layer may not have; zero if there is none

	Load Flight // of the factory
	Read Flight // of the distributed layer

	// Backoff is what callers get instead of a call of the factory, for so long.
	Backoff     error
	BackoffLeft time.Duration

	Node NodeState

	// Health is what the servers say to a ping, past any circuit breaker. Not asked
	// with SkipDistributedRead.
	Health Health
}

// Copy is what a level holds for a key.
type Copy struct {
	Asked   bool
	Found   bool
	Foreign bool // in the place of the key, but not ours
	Removed bool // a mark that the key was removed
	Missing bool // a negative entry

	State     core.State
	Version   core.Version
	Age       time.Duration // since the value was made
	Checked   time.Duration // since memory's copy was known to agree with the distributed layer
	Remaining time.Duration // of the logical life
	Usable    time.Duration // of the physical life
	Throttled time.Duration // of a throttle window
	Cycles    uint32        // throttle windows in a row
	Tags      []string
	Size      int // in bytes, of what is encoded; 0 for a live object
}

// Flight is a load or a read that is under way.
type Flight struct {
	UnderWay bool
	Queued   bool // for its turn, since Options.MaxFactories run; see Options.FactoryQueue
	For      time.Duration
	Waiting  int // callers
}

// NodeState is how the node is in step with the others.
type NodeState struct {
	Deaf     bool // it may not hear what the others say
	Quiet    bool // another node has been silent for too long
	Debts    int  // keys whose last write the others may not know
	Overflow bool // there were more than could be kept
}

// Explain tells everything that is known of key. It changes nothing, calls no factory
// and is no use of the entry; it reads the distributed layer once and pings the
// servers, all within DistributedTimeout. An error of that is part of the explanation.
func (c *Cache[V]) Explain(ctx context.Context, key string, opts ...core.Option) (Explanation, error) {
	err := c.check(key)
	var o *core.EntryOptions
	if err == nil {
		o, err = c.resolveFor(key, opts)
	}
	if err != nil {
		return Explanation{}, &core.Error{Op: core.OpGet, Key: key, Err: err}
	}
	return c.stack.explain(ctx, c.prefix+key, o), nil
}

// Explain is [Cache.Explain].
func (k *Keyed[K, V]) Explain(ctx context.Context, key K, opts ...core.Option) (Explanation, error) {
	return k.cache.Explain(ctx, k.text(key), opts...)
}

func (s *Stack) explain(ctx context.Context, full string, o *core.EntryOptions) Explanation {
	x := Explanation{Stack: s.name, Key: full}
	if !o.Skip.Has(core.SkipDistributedRead) {
		within, cancel := context.WithTimeout(ctx, o.DistributedTimeout)
		s.explainDistributed(within, &x)
		x.Health = s.Health(within)
		cancel()
	}
	now, sight := s.clock.Now(), s.local.Inspect(full)
	x.Memory.Asked = true
	if e := sight.Entry; e != nil {
		x.Memory.describe(e.Meta(), now)
		x.Memory.Size = len(e.Payload())
		x.Trusted, x.Marks = sight.Trusted, sight.Standing.String()
	}
	x.Fence, x.Owed = sight.Fence, sight.Owed
	x.Node = NodeState{Deaf: sight.Deaf, Quiet: sight.Quiet, Debts: sight.Debts, Overflow: sight.Overflow}
	x.Load.peek(s.loads, full, now)
	x.Read.peek(s.reads, full, now)
	until, err := s.backoff.Peek(full)
	if err != nil {
		x.Backoff, x.BackoffLeft = err, until.Sub(now)
	}
	return x
}

func (s *Stack) explainDistributed(ctx context.Context, x *Explanation) {
	if s.writer.Shared == nil {
		return
	}
	x.Distributed.Asked = true
	held, err := s.writer.Shared.Inspect(ctx, x.Key)
	if x.Unread = errors.Join(err, held.Unread); err != nil {
		return
	}
	x.Distributed.hold(held, s.clock.Now())
}

// hold describes what the distributed layer holds.
func (c *Copy) hold(held coherence.Held, now core.Instant) {
	if held.Value {
		c.describe(held.Meta, now)
		c.Checked = 0
	}
	c.Found, c.Foreign, c.Size, c.Version = held.Found, held.Foreign, held.Size, held.Header.Version
	c.Removed = held.Header.Kind == core.TombstoneWrite
}

// describe describes an entry.
func (c *Copy) describe(m core.Meta, now core.Instant) {
	c.Found, c.State, c.Version, c.Tags, c.Cycles = true, m.State(now), m.Version, m.Stamp.Names(), m.Cycles
	c.Age, c.Checked = max(now.Sub(m.Born), 0), max(now.Sub(m.Checked), 0)
	c.Remaining, c.Usable = max(m.Stale.Sub(now), 0), max(m.Dead.Sub(now), 0)
	c.Throttled = max(m.Retry.Sub(now), 0)
	c.Missing = m.Extra != nil && m.Extra.Missing != nil
}

func (f *Flight) peek(flights *resilience.Stampede, key string, now core.Instant) {
	began, waiting, ok := flights.Peek(key)
	if ok {
		*f = Flight{UnderWay: true, Queued: flights.Queued(key), For: now.Sub(began), Waiting: waiting}
	}
}

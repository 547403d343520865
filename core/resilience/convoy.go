// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/flight"
)

// ManyFactory makes the entries of many keys in one call.
type ManyFactory interface {
	// LoadMany does for each of rs, whose keys are all different, what
	// core.Factory.Load does, and returns the outcomes in the order of rs.
	LoadMany(ctx context.Context, rs []core.Request) []Loaded
}

// Loaded is what core.Factory.Load returns.
type Loaded struct {
	Entry *core.Entry
	Err   error
}

// Convoy makes one call of the loads of many keys. Each key has a flight of its
// own, with all policies, up to its factory, a [Member]: there they gather, and one
// of them makes the call for all. A key that joins the flight of another caller,
// or is answered without a load, is not waited for; and nobody is waited for
// longer than GatherTime, so that no key is held up by what holds up another. Loads
// in the background gather by themselves, for all of that time.
//
// The call has the context values of the flight that makes it, and its context ends
// when those of all flights that it is made for have ended: the latest deadline of
// theirs is its own.
//
// Safe for concurrent use.
type Convoy struct {
	factory ManyFactory
	company flight.Company

	mu      sync.Mutex
	spare   []Member // made ahead, several in one piece
	awaited int      // members that may come, or come again
	now     *round   // that gathers; nil if none does
	later   *round   // the same, in the background
}

// GatherTime is how long the first member of a call waits for the others. Those who are
// ready by then have a millisecond more to come: a process that stood still for so
// long, as one does whose share of the processor is used up, finds all of them due at once.
const GatherTime = 50 * time.Millisecond

const lastCall = time.Millisecond

// round is one call. What a member reads when it is over is written before.
type round struct {
	members []*Member
	rs      []core.Request
	ctxs    []context.Context
	full    chan struct{} // closed when nobody is waited for any more
	over    chan struct{}
	loaded  []Loaded
	failure error // of the call as a whole
}

// NewConvoy returns a convoy without members.
func NewConvoy(f ManyFactory) *Convoy { return &Convoy{factory: f} }

// Member is the factory of one key.
type Member struct {
	convoy *Convoy

	// Guarded by the lock of the convoy.
	awaited bool
	left    bool // to load in the background, if at all
}

var _ flight.Companion = (*Member)(nil)

// Join returns a new member, which is waited for until it gathers or leaves.
func (c *Convoy) Join() *Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaited++
	if len(c.spare) == 0 {
		c.spare = make([]Member, min(max(c.awaited, 4), 64))
	}
	m := &c.spare[0]
	c.spare = c.spare[1:]
	m.convoy, m.awaited = c, true
	return m
}

// Leave implements flight.Companion: whoever loads from now on does so in the
// background.
func (m *Member) Leave() {
	m.Spare()
	m.convoy.mu.Lock()
	defer m.convoy.mu.Unlock()
	m.left = true
}

// Spare implements flight.Companion.
func (m *Member) Spare() {
	m.convoy.mu.Lock()
	defer m.convoy.mu.Unlock()
	m.convoy.strike(m)
}

// Company implements flight.Companion.
func (m *Member) Company() *flight.Company { return &m.convoy.company }

// strike takes m off those who are waited for. The lock is held.
func (c *Convoy) strike(m *Member) {
	if !m.awaited {
		return
	}
	m.awaited = false
	if c.awaited--; c.awaited == 0 && c.now != nil {
		close(c.now.full)
		c.now = nil
	}
}

// Load implements core.Factory.
func (m *Member) Load(ctx context.Context, r core.Request) (*core.Entry, error) {
	rd, place := m.convoy.gather(ctx, m, r)
	if place == 0 {
		m.convoy.lead(rd)
	} else {
		select {
		case <-rd.over:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if rd.failure != nil {
		return nil, rd.failure
	}
	made := rd.loaded[place]
	if ctx.Err() != nil && errors.Is(made.Err, context.Canceled) {
		return nil, context.Cause(ctx) // the call ended with the last of its flights, whatever ended that
	}
	return made.Entry, made.Err
}

// gather takes m into the round that gathers, or begins one.
func (c *Convoy) gather(ctx context.Context, m *Member, r core.Request) (rd *round, place int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gathering := &c.now
	if m.left {
		gathering = &c.later
	}
	if *gathering == nil {
		*gathering = &round{full: make(chan struct{}), over: make(chan struct{})}
	}
	rd = *gathering
	rd.members, rd.rs, rd.ctxs = append(rd.members, m), append(rd.rs, r), append(rd.ctxs, ctx)
	switch {
	case m.awaited:
		c.strike(m)
	case c.awaited == 0 && !m.left:
		close(rd.full)
		c.now = nil
	}
	return rd, len(rd.rs) - 1
}

// lead waits for the others and makes the call, on the goroutine of the first.
func (c *Convoy) lead(rd *round) {
	defer close(rd.over)
	rd.wait()
	c.mu.Lock()
	if c.now == rd {
		c.now = nil
	} else if c.later == rd {
		c.later = nil
	}
	c.mu.Unlock()
	defer c.again(rd)
	ctx, release := rd.context()
	defer release()
	flight.Unite(ctx, rd.ctxs[1:])
	rd.call(ctx, c.factory)
}

// wait returns when nobody is waited for any more, or for no longer.
func (rd *round) wait() {
	timer := time.NewTimer(GatherTime)
	defer timer.Stop()
	select {
	case <-rd.full:
		return
	case <-timer.C:
	}
	timer.Reset(lastCall)
	select {
	case <-rd.full:
	case <-timer.C:
	}
}

// again has the members of rd waited for once more: a stage around them may try
// again.
func (c *Convoy) again(rd *round) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range rd.members {
		if !m.left {
			m.awaited = true
			c.awaited++
		}
	}
}

// call makes the call. A panic, or the end of the goroutine, is a failure for all.
func (rd *round) call(ctx context.Context, f ManyFactory) {
	rd.failure = &core.PanicError{Value: core.ErrGoexit}
	defer func() {
		if p := recover(); p != nil {
			rd.failure = &core.PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	rd.loaded = f.LoadMany(ctx, rd.rs)
	rd.failure = nil
	if len(rd.loaded) != len(rd.rs) {
		rd.failure = errNoEntry
	}
}

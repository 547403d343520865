// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package flight runs one load per key for any number of callers.
//
// A flight is the load; callers are spectators, each with its own patience. A
// caller whose context ends leaves, and the flight goes on for the others, or in
// the background. Its result goes to all who joined; whether it may be stored is
// what its token says.
package flight

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/chance"
	"github.com/fusioncache-go/fusioncache/core/internal/lazy"
)

const shardCount = 64

// Group holds the flights of one kind, at most one per key that can be joined.
// The zero Group is not usable; see [NewGroup].
type Group struct {
	clock   core.Clock
	seed    maphash.Seed
	shards  [shardCount]shard
	nesting nesting
	running sync.WaitGroup
	closed  atomic.Bool
	limits  Limits
	turns   turns
	orphans atomic.Int64
	era     atomic.Uint64 // counts the calls of Depart
	onEnd   func(*Call)
	waker   chance.Waker // nil outside of a simulation
	timers  lazy.Timers
}

// Limits bound a group.
type Limits struct {
	Running  int // flights at a time; zero for no bound
	Waiting  int // flights that wait for one of those to end
	Orphaned int // cancelled flights whose work has not ended; zero for no bound

	// Waits reports whether a request is to wait; nil for all.
	Waits func(core.Request) bool
}

// shard holds the flights of some keys. A flight is in calls while it can be
// joined, in gone from its revocation until it ends.
type shard struct {
	mu    sync.Mutex
	calls map[string]*Call
	gone  map[*Call]struct{}
}

// retire moves a flight from calls to gone. The lock is held.
func (s *shard) retire(c *Call) {
	c.token.Revoke()
	if s.calls[c.request.Key] == c {
		delete(s.calls, c.request.Key)
	}
	if s.gone == nil {
		s.gone = make(map[*Call]struct{})
	}
	s.gone[c] = struct{}{}
}

// NewGroup returns a group within limits. onEnd, if not nil, is called when a
// flight ends that no caller waited for any more.
func NewGroup(clock core.Clock, limits Limits, onEnd func(*Call)) *Group {
	g := &Group{clock: clock, seed: maphash.MakeSeed(), limits: limits, onEnd: onEnd}
	g.turns.limit, g.turns.most, g.turns.clock = limits.Running, limits.Waiting, clock
	g.waker, _ = clock.(chance.Waker)
	for i := range g.shards {
		g.shards[i].calls = make(map[string]*Call)
	}
	return g
}

func (g *Group) shard(key string) *shard {
	return &g.shards[maphash.String(g.seed, key)%shardCount]
}

// Do answers r with next, once for all callers that ask for r.Key at the same
// time. If ctx ends first, Do returns the cause of that, and the flight goes on
// unless this was its last caller and r.Options.CancelOnTimeout is set.
//
// next runs on the caller's goroutine if ctx can never end, otherwise on one of
// its own, with the values of ctx but not its cancellation.
func (g *Group) Do(ctx context.Context, r core.Request, next core.Handler) (core.Result, error) {
	outer := from(ctx)
	if outer.loads(g, r.Key) {
		return core.Result{}, core.ErrRecursiveLoad
	}
	if err := ctx.Err(); err != nil {
		return core.Result{}, reason(ctx)
	}
	c, joined, err := g.enter(r, outer, outer == nil, func() *Call { return g.newCall(ctx, r, next, outer) })
	if err != nil {
		return core.Result{}, err
	}
	if !joined && !lazy.Ends(ctx) {
		defer g.nesting.leave(outer, c)
		c.run()
		return c.result, c.err
	}
	if !joined {
		go c.runApart()
	}
	return c.wait(ctx, outer, c.done)
}

// Launch starts a flight for r.Key that nobody waits for, unless there is one
// already. It reports whether it did. next runs on a goroutine of its own, with the
// values of ctx but not its cancellation.
func (g *Group) Launch(ctx context.Context, r core.Request, next core.Handler) bool {
	s := g.shard(r.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.closed.Load() || s.calls[r.Key] != nil {
		return false
	}
	turn, err := g.admit(r, false)
	if err != nil {
		return false
	}
	c := g.newApart(ctx, r, next, nil)
	c.turn = turn
	c.waiters = 0
	s.calls[r.Key] = c
	go c.runApart()
	return true
}

// enter joins the flight of r.Key, or has one made, which may have to wait for its turn.
func (g *Group) enter(r core.Request, outer *Call, mayWait bool, begin func() *Call) (c *Call, joined bool, err error) {
	s := g.shard(r.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.closed.Load() {
		return nil, false, core.ErrClosed
	}
	c = s.calls[r.Key]
	if c != nil && c.overdue() {
		s.retire(c)
		c.abandon(core.ErrFactoryTimeout)
		c = nil
	}
	if c != nil && (!c.token.Valid() || c.era != g.era.Load()) {
		s.retire(c) // a stage has given up the right to store, or nobody may join any more
		c = nil
	}
	if c != nil && outer != nil && g.turns.waits(c.turn) {
		return nil, false, core.ErrOverload // c may wait for outer to end
	}
	if c != nil && g.nesting.join(outer, c) {
		c.waiters++
		c.lazyDone()
		spare(r)
		return c, true, nil
	}
	turn, err := g.admit(r, mayWait)
	if err != nil {
		return nil, false, err
	}
	fresh := begin()
	fresh.turn = turn
	g.nesting.join(outer, fresh)
	if c != nil {
		// Waiting for c would close a circle of flights. This one goes alone, and
		// only c may store.
		s.retire(fresh)
		return fresh, false, nil
	}
	s.calls[r.Key] = fresh
	return fresh, false, nil
}

// admit counts a new flight in, or refuses it. Those of one company count as one. One
// that works for another flight must not wait: that has a turn, and would keep it.
func (g *Group) admit(r core.Request, mayWait bool) (*turn, error) {
	if g.limits.Orphaned > 0 && g.orphans.Load() >= int64(g.limits.Orphaned) {
		return nil, core.ErrOverload
	}
	mayWait = mayWait && g.limits.Waiting > 0 && (g.limits.Waits == nil || g.limits.Waits(r))
	turn, err := g.turns.take(companyOf(r.Factory), mayWait)
	if err == nil {
		g.running.Add(1)
	}
	return turn, err
}

// Revoke takes the right to store from the flight of key, if there is one.
// Nobody joins it any more; those who joined still get its result.
func (g *Group) Revoke(key string) (revoked bool) {
	s := g.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[key]
	if c == nil {
		return false
	}
	s.retire(c)
	return true
}

// RevokeAll is Revoke for every key.
func (g *Group) RevokeAll() {
	for i := range g.shards {
		s := &g.shards[i]
		s.mu.Lock()
		for _, c := range s.calls {
			s.retire(c)
		}
		s.mu.Unlock()
	}
}

// Depart has nobody join the flights that are under way. Such a flight keeps the right
// to store until somebody comes who would have joined it: that one begins another.
func (g *Group) Depart() { g.era.Add(1) }

// Len returns how many flights can be joined now.
func (g *Group) Len() int {
	n := 0
	for i := range g.shards {
		s := &g.shards[i]
		s.mu.Lock()
		n += len(s.calls)
		s.mu.Unlock()
	}
	return n
}

// Peek returns when the flight of key that can be joined was begun, and how many
// callers wait for it.
func (g *Group) Peek(key string) (began core.Instant, waiters int, ok bool) {
	s := g.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[key]
	if c == nil {
		return 0, 0, false
	}
	return c.began, c.waiters, true
}

// Queued reports whether the flight of key that can be joined waits for its turn.
func (g *Group) Queued(key string) bool {
	s := g.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[key]
	return c != nil && g.turns.waits(c.turn)
}

// Close refuses new flights and those that wait for their turn, cancels those that no
// caller waits for, and waits until all have ended. When ctx ends first, it cancels
// the rest and returns the reason. A call to Close from inside a flight would wait for
// itself; its context must end.
func (g *Group) Close(ctx context.Context) error {
	g.closed.Store(true)
	g.turns.close()
	g.cancel(core.ErrClosed, func(c *Call) bool { return c.waiters == 0 })
	ended := make(chan struct{})
	go func() {
		g.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		g.cancel(core.ErrClosed, func(*Call) bool { return true })
		return fmt.Errorf("flights still running: %w", reason(ctx))
	}
}

func (g *Group) cancel(cause error, which func(*Call) bool) {
	for i := range g.shards {
		s := &g.shards[i]
		s.mu.Lock()
		for _, c := range s.calls {
			if which(c) {
				s.retire(c)
			}
		}
		for c := range s.gone {
			if which(c) {
				c.stop(cause)
			}
		}
		s.mu.Unlock()
	}
}

// reason returns why ctx ended: the cause it was given, always such that
// errors.Is finds ctx.Err() in it.
func reason(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

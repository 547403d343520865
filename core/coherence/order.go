// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"hash/maphash"
	"sync"
)

// Order runs the writes of one key one after another, in the order in which they
// took their places, on the caller's goroutine or in the background.
//
// Invariant: a key has a line exactly while somebody has the turn; the turn
// passes from place to place under the lock.
//
// Safe for concurrent use.
type Order struct {
	seed       maphash.Seed
	shards     [32]orderShard
	background *background
}

type orderShard struct {
	mu    sync.Mutex
	lines map[string][]*Place // those who wait; nobody, but there, while somebody has the turn
}

// Place is a place in the line of a key. Whoever takes one must use it, once,
// with Do or Go: those behind wait for that.
type Place struct {
	order *Order
	key   string
	turn  chan struct{} // closed when the turn comes; nil if the place had it at once

	// Guarded by the lock of the key's shard.
	has  bool // the turn
	left bool // the caller has given up waiting
	work job  // for the background, when the turn comes
}

// NewOrder returns an Order whose background work keeps within limits.
func NewOrder(limits BackgroundLimits) *Order {
	o := &Order{seed: maphash.MakeSeed()}
	o.background = newBackground(limits, o.pass)
	for i := range o.shards {
		o.shards[i].lines = make(map[string][]*Place)
	}
	return o
}

func (o *Order) shard(key string) *orderShard {
	return &o.shards[maphash.String(o.seed, key)%uint64(len(o.shards))]
}

// Do is [Order.Enter] and [Place.Do].
func (o *Order) Do(ctx context.Context, key string, work func(context.Context)) error {
	return o.Enter(key).Do(ctx, work)
}

// Go is [Order.Enter] and [Place.Go].
func (o *Order) Go(ctx context.Context, key string, work func(context.Context)) error {
	return o.Enter(key).Go(ctx, work)
}

// Enter takes the next place in the line of key. It waits for nothing, so that
// it can be called under the lock under which memory changes: then memory and
// the other levels change in one order.
func (o *Order) Enter(key string) *Place {
	p := new(Place)
	o.enter(p, key)
	return p
}

// enter makes p, which is zero, the next place in the line of key.
func (o *Order) enter(p *Place, key string) {
	p.order, p.key = o, key
	s := o.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	line, busy := s.lines[key]
	if !busy {
		s.lines[key] = nil
		p.has = true
		return
	}
	p.turn = make(chan struct{})
	s.lines[key] = append(line, p)
}

// take takes the turn of key, if nobody has it. Whoever gets it passes it on.
func (o *Order) take(key string) bool {
	s := o.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, busy := s.lines[key]; busy {
		return false
	}
	s.lines[key] = nil
	return true
}

// Do waits for the turn, runs work on this goroutine and passes the turn on. It
// returns the cause of ctx's end, without running work, if that comes first.
func (p *Place) Do(ctx context.Context, work func(context.Context)) error {
	if p.turn != nil {
		select {
		case <-p.turn:
		case <-ctx.Done():
			if p.leave() {
				return context.Cause(ctx)
			}
		}
	}
	defer p.order.pass(p.key)
	work(ctx)
	return nil
}

// Ready reports whether the place had the turn at once. Then Pass may stand for Do,
// so that several places can be worked for together; one that has to wait for its
// turn must not hold up others meanwhile.
func (p *Place) Ready() bool { return p.turn == nil }

// Pass gives the turn of a place that was ready to the next in line.
func (p *Place) Pass() { p.order.pass(p.key) }

// Go runs work in the background when the turn comes. If there is too much
// background work already, or the Order is closed, Go does what Do does.
func (p *Place) Go(ctx context.Context, work func(context.Context)) error {
	return p.begin(ctx, job{alone: work})
}

// begin is Go for a job.
func (p *Place) begin(ctx context.Context, j job) error {
	if !p.order.background.admit() {
		return p.Do(ctx, j.alone)
	}
	j.key = p.key
	s := p.order.shard(p.key)
	s.mu.Lock()
	p.work = j
	has := p.has
	s.mu.Unlock()
	if has {
		p.order.background.run(j)
	}
	return nil
}

// leave gives the place up. It returns false if it has got the turn in the
// meantime.
func (p *Place) leave() bool {
	s := p.order.shard(p.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	p.left = !p.has
	return p.left
}

// pass gives the turn to the next in line.
func (o *Order) pass(key string) {
	s := o.shard(key)
	s.mu.Lock()
	next := s.next(key)
	var work job
	if next != nil {
		next.has = true
		close(next.turn)
		work = next.work
	}
	s.mu.Unlock()
	if work.alone != nil {
		o.background.run(work)
	}
}

// next takes the first who still waits out of the line of key, or ends the line.
// The lock is held.
func (s *orderShard) next(key string) *Place {
	line := s.lines[key]
	for len(line) > 0 {
		first := line[0]
		line[0] = nil
		line = line[1:]
		if !first.left {
			s.lines[key] = line
			return first
		}
	}
	delete(s.lines, key)
	return nil
}

// Close waits for the background work. When ctx ends first, it cancels that work
// and returns an error that says how much was left. Later work runs on its
// caller's goroutine.
func (o *Order) Close(ctx context.Context) error { return o.background.close(ctx) }

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"hash/maphash"
	"sync"
)

// Order runs the writes of one key one after another, in the order in which they
// were asked for, on the caller's goroutine or in the background.
//
// Invariant: a key has a line exactly while one of its jobs has the turn; the
// turn passes from job to job under the lock.
//
// Safe for concurrent use.
type Order struct {
	seed       maphash.Seed
	shards     [32]orderShard
	background *background
}

type orderShard struct {
	mu    sync.Mutex
	lines map[string]*line
}

type line struct{ waiting []*job }

// job waits for its turn: a foreground job's caller for the channel, a
// background job has its work with it.
type job struct {
	turn chan struct{}
	work func(context.Context)
	left bool // the caller has given up waiting
}

// NewOrder returns an Order whose background work keeps within limits.
func NewOrder(limits BackgroundLimits) *Order {
	o := &Order{seed: maphash.MakeSeed()}
	o.background = newBackground(limits)
	for i := range o.shards {
		o.shards[i].lines = make(map[string]*line)
	}
	return o
}

func (o *Order) shard(key string) *orderShard {
	return &o.shards[maphash.String(o.seed, key)%uint64(len(o.shards))]
}

// Do waits for key's turn, runs work on this goroutine and passes the turn on.
// It returns ctx's error, without running work, if ctx ends first.
func (o *Order) Do(ctx context.Context, key string, work func(context.Context)) error {
	j := &job{}
	if !o.enter(key, j) {
		select {
		case <-j.turn:
		case <-ctx.Done():
			if o.abandon(key, j) {
				return context.Cause(ctx)
			}
		}
	}
	defer o.pass(key)
	work(ctx)
	return nil
}

// Go runs work in the background when it is key's turn. If there is too much
// background work already, or the Order is closed, Go does what Do does.
func (o *Order) Go(ctx context.Context, key string, work func(context.Context)) error {
	if !o.background.admit() {
		return o.Do(ctx, key, work)
	}
	if o.enter(key, &job{work: work}) {
		o.dispatch(key, work)
	}
	return nil
}

// enter takes the turn if nobody has it, or lines j up.
func (o *Order) enter(key string, j *job) (has bool) {
	s := o.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lines[key]
	if l == nil {
		s.lines[key] = &line{}
		return true
	}
	if j.work == nil {
		j.turn = make(chan struct{})
	}
	l.waiting = append(l.waiting, j)
	return false
}

// abandon takes j out of the line. It returns false if j has got the turn in the
// meantime.
func (o *Order) abandon(key string, j *job) bool {
	s := o.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-j.turn:
		return false
	default:
		j.left = true
		return true
	}
}

// pass gives the turn to the next in line.
func (o *Order) pass(key string) {
	s := o.shard(key)
	s.mu.Lock()
	l := s.lines[key]
	for len(l.waiting) > 0 {
		next := l.waiting[0]
		l.waiting = l.waiting[1:]
		if next.left {
			continue
		}
		if next.work == nil {
			close(next.turn)
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		o.dispatch(key, next.work)
		return
	}
	delete(s.lines, key)
	s.mu.Unlock()
}

// dispatch hands a job that has key's turn to the background.
func (o *Order) dispatch(key string, work func(context.Context)) {
	o.background.run(func(ctx context.Context) {
		defer o.pass(key)
		work(ctx)
	})
}

// Close waits for the background work. When ctx ends first, it cancels that work
// and returns an error that says how much was left. Later work runs on its
// caller's goroutine.
func (o *Order) Close(ctx context.Context) error { return o.background.close(ctx) }

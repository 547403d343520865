// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"
	"errors"
	"hash/maphash"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Backoff spares a factory that has just failed: for EntryOptions.ErrorBackoff
// after a failure without a stale entry to serve, every caller of the key gets
// the same error, and the factory is not called. [FailSafe] does the like for a
// key that has a stale entry.
//
// With EntryOptions.ErrorBackoffMax the window doubles with each failure in a row.
// A success, and any write, removal or message for the key, ends the window and the
// row; a success that nobody waited for does so by [Stampede.OnSuccess]. The
// end of a caller's context, core.ErrOverload, core.ErrClosed,
// core.ErrRecursiveLoad and what core.Decline marks say nothing about the factory and open none.
//
// At most 4,096 windows, open or to be followed by longer ones, are remembered; above
// that some are forgotten early.
// Safe for concurrent use.
type Backoff struct {
	clock  core.Clock
	seed   maphash.Seed
	shards [backoffShards]backoffShard
}

const (
	backoffShards  = 16
	backoffWindows = 256 // per shard
)

// backoffShard holds what is known of some keys.
//
// Invariant, under mu: an attempt is in attempts while a caller is inside of it,
// unless its key has been written, or loaded, since it began.
type backoffShard struct {
	mu       sync.Mutex
	windows  map[string]window
	attempts map[string]*attempt
}

// window is a failure that is not to be repeated before its end. Once somebody has
// tried again only its row is kept, without err.
type window struct {
	err error
	end core.Instant
	row int // failures in a row before this one
}

// attempt is what the callers of one key that are under way have in common.
type attempt struct{ callers int }

// NewBackoff returns a Backoff.
func NewBackoff(clock core.Clock) *Backoff {
	b := &Backoff{clock: clock, seed: maphash.MakeSeed()}
	for i := range b.shards {
		b.shards[i].windows = make(map[string]window)
		b.shards[i].attempts = make(map[string]*attempt)
	}
	return b
}

// Stage is the [core.Stage]. It belongs inside of [Timeout], whose impatience is
// no failure, and outside of [Stampede]: a refusal needs no flight.
func (b *Backoff) Stage(next core.Handler) core.Handler {
	return func(ctx context.Context, r core.Request) (core.Result, error) {
		if r.Options.ErrorBackoff <= 0 || r.Factory == nil {
			return next(ctx, r)
		}
		s := b.shard(r.Key)
		a, err := s.enter(r.Key, b.clock.Now())
		if err != nil {
			return core.Result{}, err
		}
		var failure error
		defer func() { s.leave(r, a, failure, b.clock.Now()) }()
		res, err := next(ctx, r)
		if err == nil {
			s.forget(r.Key)
		} else if b.counts(ctx, r, err) {
			failure = err
		}
		return res, err
	}
}

// counts reports whether err is a failure of the factory that fail-safe has no
// answer to.
func (b *Backoff) counts(ctx context.Context, r core.Request, err error) bool {
	if _, rescued := rescue(r, b.clock.Now()); ctx.Err() != nil || rescued || core.Declined(err) {
		return false
	}
	return !errors.Is(err, core.ErrOverload) && !errors.Is(err, core.ErrClosed) && !errors.Is(err, core.ErrRecursiveLoad)
}

// Revoke ends the window of key, and its row. An attempt that is under way opens none.
func (b *Backoff) Revoke(key string) { b.shard(key).forget(key) }

// RevokeAll is Revoke for all keys.
func (b *Backoff) RevokeAll() {
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		clear(s.windows)
		clear(s.attempts)
		s.mu.Unlock()
	}
}

// Len returns the number of keys that have failed last, as far as that is
// remembered. The windows of some may have ended.
func (b *Backoff) Len() int {
	n := 0
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		n += len(s.windows)
		s.mu.Unlock()
	}
	return n
}

// Peek returns the error that callers of key get instead of a call of the factory, and
// until when; nil if there is none.
func (b *Backoff) Peek(key string) (until core.Instant, err error) {
	s := b.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.windows[key]; b.clock.Now() < w.end {
		return w.end, w.err
	}
	return 0, nil
}

func (b *Backoff) shard(key string) *backoffShard {
	return &b.shards[maphash.String(b.seed, key)%backoffShards]
}

// enter returns the error of key's window, or the attempt that the caller is now
// part of.
func (s *backoffShard) enter(key string, now core.Instant) (*attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.windows[key]; w.err != nil {
		if now < w.end {
			return nil, w.err
		}
		s.windows[key] = window{row: w.row + 1}
	}
	a := s.attempts[key]
	if a == nil {
		a = &attempt{}
		s.attempts[key] = a
	}
	a.callers++
	return a, nil
}

// leave takes the caller out of its attempt, and opens a window if there was a
// failure and the attempt still counts.
func (s *backoffShard) leave(r core.Request, a *attempt, failure error, now core.Instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := s.attempts[r.Key] == a
	a.callers--
	if a.callers == 0 && counts {
		delete(s.attempts, r.Key)
	}
	w := s.windows[r.Key]
	if failure == nil || !counts || w.err != nil {
		return
	}
	s.makeRoom(now)
	s.windows[r.Key] = window{failure, now.Add(length(r.Options, w.row)), w.row}
}

// length returns how long the window lasts that follows row others.
func length(o *core.EntryOptions, row int) time.Duration {
	d, limit := o.ErrorBackoff, o.ErrorBackoffMax
	switch {
	case limit == 0 || row == 0:
		return d
	case d > limit>>row:
		d = limit
	default:
		d <<= row
	}
	return max(d-rand.N(d/5+1), o.ErrorBackoff)
}

// makeRoom forgets windows that have ended, and any one if that is not enough.
// The lock is held.
func (s *backoffShard) makeRoom(now core.Instant) {
	if len(s.windows) < backoffWindows {
		return
	}
	for key, w := range s.windows {
		if now >= w.end {
			delete(s.windows, key)
		}
	}
	for key := range s.windows {
		if len(s.windows) < backoffWindows {
			return
		}
		delete(s.windows, key)
	}
}

// forget ends the window of key and its row, and makes sure that no attempt under way opens
// another.
func (s *backoffShard) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.windows, key)
	delete(s.attempts, key)
}

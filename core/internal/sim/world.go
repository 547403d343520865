// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// instant is virtual time since the start of a run.
type instant = time.Duration

// world is what all parts of one run share: its time, its lanes, its plan.
type world struct {
	ctx   context.Context // of the whole run
	plan  *Plan
	start time.Time
	rec   *recorder

	source *source

	mu     sync.Mutex
	timers []*time.Timer // not in use
	calls  calls
}

// note keeps a line for the timeline, if the plan wants it to be complete.
func (w *world) note(node int, format string, args ...any) {
	if !w.plan.Verbose {
		return
	}
	w.rec.note(w.now(), node, fmt.Sprintf(format, args...))
}

// The lanes. Actors have the low ones; calls take turns with the rest.
const (
	tick            = time.Millisecond
	firstNode       = 1
	firstSubscriber = firstNode + maxNodes
	firstClient     = firstSubscriber + maxNodes
	firstFault      = 1_000
	firstPending    = 2_000
	lanesPerClient  = 200
	firstWake       = 8_000
	wakesPerClient  = 8
	firstCall       = 10_000
	laneCount       = int64(tick)
)

const maxNodes = 8

// nodeLane is where a node begins, subscriberLane where it subscribes.
func nodeLane(node int) instant       { return firstNode + instant(node) }
func subscriberLane(node int) instant { return firstSubscriber + instant(node) }

func newWorld(ctx context.Context, p *Plan) *world {
	w := &world{ctx: ctx, plan: p, start: time.Now()}
	w.rec = newRecorder(w)
	return w
}

func (w *world) now() instant { return time.Since(w.start) }

// random returns the generator of one actor.
func (w *world) random(actor uint64) *rand.Rand {
	return rand.New(rand.NewPCG(w.plan.Seed, actor))
}

// calls gives each call a lane that is free for as long as any call lasts. Of
// different calls that begin at the same moment it does not matter which asks first.
type calls struct {
	at    instant      // the moment of the last call
	base  int64        // lanes given out before
	begun [kinds]int64 // calls that have begun at that moment
}

// call is what a call is for.
type call int

const (
	toRead call = iota
	toWrite
	toWriteLate
	toPublish
	toDeliver
	toLoad
	toLock
	kinds
)

func (c *calls) lane(now instant, k call) instant {
	if now != c.at {
		c.at, c.base, c.begun = now, c.base+slices.Max(c.begun[:]), [kinds]int64{}
	}
	n := (c.base+c.begun[k])*int64(kinds) + int64(k)
	c.begun[k]++
	return instant(firstCall + n%(laneCount-firstCall))
}

func (w *world) callLane(k call) instant {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls.lane(w.now(), k)
}

// ahead returns how long it is until the first moment of a lane that is at least
// d, in whole milliseconds, from the present one; more than zero.
func (w *world) ahead(lane, d instant) time.Duration {
	now := w.now()
	at := now - now%tick + d + lane
	if at <= now {
		at += tick
	}
	return at - now
}

// sleep waits for d on a lane, or until ctx ends; then it still goes to the lane.
func (w *world) sleep(ctx context.Context, lane, d instant) error {
	t := w.timer(w.ahead(lane, d))
	select {
	case <-t.C:
		w.release(t)
		return nil
	case <-ctx.Done():
	}
	t.Reset(w.ahead(lane, 0))
	<-t.C
	w.release(t)
	return ctx.Err()
}

// wait waits on a lane until at, a whole number of milliseconds.
func (w *world) wait(ctx context.Context, lane, at instant) {
	now := w.now()
	_ = w.sleep(ctx, lane, at-now+now%tick)
}

// settle goes to a lane, unless the present moment is on it.
func (w *world) settle(lane instant) {
	if w.now()%tick == lane {
		return
	}
	t := w.timer(w.ahead(lane, 0))
	<-t.C
	w.release(t)
}

func (w *world) timer(d time.Duration) *time.Timer {
	w.mu.Lock()
	var t *time.Timer
	if n := len(w.timers); n > 0 {
		t, w.timers = w.timers[n-1], w.timers[:n-1]
	}
	w.mu.Unlock()
	if t == nil {
		return time.NewTimer(d)
	}
	t.Reset(d)
	return t
}

func (w *world) release(t *time.Timer) {
	w.mu.Lock()
	w.timers = append(w.timers, t)
	w.mu.Unlock()
}

// ms is n milliseconds.
func ms(n int) instant { return instant(n) * tick }

// between returns a random whole number of milliseconds from lo to hi.
func between(r interface{ IntN(int) int }, lo, hi int) instant {
	if hi <= lo {
		return ms(lo)
	}
	return ms(lo + r.IntN(hi-lo+1))
}

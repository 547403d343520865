// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// crowd runs a test on a node that knows of 950 others, each of which beats every
// ten seconds.
func crowd(t *testing.T, f func(t *testing.T, e *ears, b *echo, others func(d time.Duration))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := new(echo)
		e := newEars(b)
		b.to = e.receiver
		e.receiver.Joined(false)
		end := beating(t, e)
		var ids []wire.NodeID
		for range 950 {
			ids = append(ids, coherence.NewNodeID())
		}
		next := 0
		others := func(d time.Duration) {
			for range d / (10 * time.Millisecond) {
				e.sender, next = ids[next%len(ids)], next+1
				e.message(wire.MessageHeartbeat, core.Version{})
				time.Sleep(10 * time.Millisecond)
			}
		}
		others(20 * time.Second)
		f(t, e, b, others)
		end()
	})
}

func TestCrowd_BeatsTenTimesMoreSlowly(t *testing.T) {
	crowd(t, func(t *testing.T, e *ears, b *echo, others func(time.Duration)) {
		before := len(b.all())
		others(time.Minute)
		if n := len(b.all()) - before; n < 5 || n > 7 {
			t.Errorf("%d heartbeats in a minute, want 6", n)
		}
		if n := e.events.count(core.GapSuspected); n != 0 {
			t.Errorf("%d gaps", n)
		}
		if !e.trustsOld(e.clock.Now() - core.Instant(time.Minute)) {
			t.Error("a node in a crowd trusts nothing though all is well")
		}
	})
}

// A node that hears nothing of anybody knows as soon as one among few.
func TestCrowd_DeafnessIsNoticedAtOnce(t *testing.T) {
	crowd(t, func(t *testing.T, e *ears, b *echo, others func(time.Duration)) {
		old := e.clock.Now()
		b.broken.Store(true)
		time.Sleep(2400 * time.Millisecond)
		if !e.trustsOld(old) {
			t.Error("the node is suspicious too early")
		}
		time.Sleep(1200 * time.Millisecond)
		if e.trustsOld(old) {
			t.Error("a deaf node trusts what it has")
		}
		b.broken.Store(false)
		old = e.clock.Now()
		others(2 * time.Second)
		if n := e.events.count(core.GapSuspected); n != 1 || e.trustsOld(old) {
			t.Errorf("%d gaps after a silence, want 1", n)
		}
	})
}

// A crowd that has lost its server must not ask for everything in one moment: each
// node waits for its next tick, and trusts nothing until then that it did not
// before.
func TestCrowd_ARepairIsActedOnAtTheNextTick(t *testing.T) {
	crowd(t, func(t *testing.T, e *ears, _ *echo, others func(time.Duration)) {
		old := e.clock.Now() - 1 // the tick may be now
		e.receiver.Joined(false)
		if e.events.count(core.GapSuspected) != 0 {
			t.Error("the node does not wait")
		}
		others(1100 * time.Millisecond)
		if n := e.events.count(core.GapSuspected); n != 1 || e.trustsOld(old) {
			t.Errorf("%d gaps, want 1", n)
		}
	})
	crowd(t, func(t *testing.T, e *ears, b *echo, others func(time.Duration)) {
		old := e.clock.Now() - 1 // the tick may be now
		b.broken.Store(true)     // nor does the node hear itself
		time.Sleep(4 * time.Second)
		b.broken.Store(false)
		e.receiver.Joined(false)
		for range 120 {
			if others(10 * time.Millisecond); e.trustsOld(old) {
				t.Fatal("what a deaf node has is trusted before it was checked")
			}
		}
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// A sign of life has no number of its own: those that failed while the node was cut
// off are missed by nobody.
func TestNotifier_SignsOfLifeThatFailLeaveNoGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(echo)
		e := newEars(b)
		other := newEars(new(bus))
		b.to = other.receiver
		other.receiver.Joined(false)
		end, endOther := beating(t, e), beating(t, other)
		defer end()
		defer endOther()
		time.Sleep(5 * time.Second)
		b.broken.Store(true)
		time.Sleep(time.Minute)
		b.broken.Store(false)
		time.Sleep(10 * time.Second)
		if n := other.events.count(core.GapSuspected); n != 0 {
			t.Errorf("another node suspects %d gaps", n)
		}
	})
}

// While the backplane is away, attempts become rare; the node says that it is back
// as soon as it has joined again.
func TestReceiver_SignsOfLifeBecomeRareWhileTheyFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &refusing{}
		e := newEars(b)
		end := beating(t, e)
		defer end()
		time.Sleep(time.Minute + 100*time.Millisecond)
		if n := b.attempts.Load(); n < 10 || n > 25 {
			t.Errorf("%d attempts in a minute, want few", n)
		}
		before := b.attempts.Load()
		e.receiver.Joined(false)
		synctest.Wait()
		if n := b.attempts.Load() - before; n != 1 {
			t.Errorf("%d signs of life when the node has joined, want 1", n)
		}
	})
}

// refusing is a backplane that takes nothing and counts.
type refusing struct {
	bus
	attempts atomic.Int64
}

func (b *refusing) Publish(context.Context, []byte) error {
	b.attempts.Add(1)
	return errBroken
}

func TestReceiver_SignsOfLifeAreNoMessagesForListeners(t *testing.T) {
	hearing(t, func(t *testing.T, e *ears) {
		e.message(wire.MessageHeartbeat, core.Version{})
		e.message(wire.MessageGoodbye, core.Version{})
		if n := e.events.count(core.MessageReceived); n != 0 {
			t.Errorf("%d messages were told of, want none", n)
		}
	})
}

// echo is a backplane that delivers to its own node, as long as it works.
type echo struct {
	bus
	to core.Subscriber
}

func (b *echo) Publish(ctx context.Context, msg []byte) error {
	err := b.bus.Publish(ctx, msg)
	if err == nil {
		b.to.Message(msg)
	}
	return err
}

func TestReceiver_SilenceMakesOldEntriesSuspectUntilItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(echo)
		e := newEars(b)
		b.to = e.receiver
		e.receiver.Joined(false)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { e.receiver.Beat(ctx); close(done) }()

		time.Sleep(time.Minute)
		checked := e.clock.Now()
		time.Sleep(10 * time.Second)
		if !e.trustsOld(checked) {
			t.Error("a node that hears itself does not trust what it has")
		}
		b.broken.Store(true)
		time.Sleep(4 * time.Second)
		if e.trustsOld(checked) {
			t.Error("a deaf node trusts what it has")
		}
		if !e.trusted() {
			t.Error("a deaf node does not even trust what it has just checked")
		}
		b.broken.Store(false)
		time.Sleep(6 * time.Second)
		if e.trustsOld(checked) {
			t.Error("what was missed in the silence is forgotten")
		}
		if e.events.count(core.GapSuspected) == 0 {
			t.Error("nobody was told of a gap")
		}
		cancel()
		<-done
	})
}

// A process that was stopped for a while has sent nothing, and missed nothing of
// its own; of what the others have sent, nobody knows.
func TestReceiver_APauseOfTheProcessIsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(echo)
		e := newEars(b)
		b.to = e.receiver
		e.receiver.Joined(false)
		beat := func(d time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			e.receiver.Beat(ctx)
		}
		beat(10 * time.Second)
		if e.events.count(core.GapSuspected) != 0 {
			t.Error("a gap while all is well")
		}
		checked := e.clock.Now()
		time.Sleep(10 * time.Second)
		beat(1500 * time.Millisecond)
		if e.trustsOld(checked) || e.events.count(core.GapSuspected) != 1 {
			t.Error("the pause goes unnoticed")
		}
	})
}

func TestReceiver_ASilentNodeMakesOldEntriesSuspectUntilItSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(echo)
		e := newEars(b)
		b.to = e.receiver
		e.receiver.Joined(false)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { e.receiver.Beat(ctx); close(done) }()
		e.message(wire.MessageHeartbeat, core.Version{})
		checked := e.clock.Now()
		time.Sleep(5 * time.Second)
		if e.trustsOld(checked) {
			t.Error("entries are trusted though another node is silent")
		}
		e.message(wire.MessageGoodbye, core.Version{})
		time.Sleep(2 * time.Second)
		if !e.trustsOld(checked) {
			t.Error("entries are not trusted though the silent node is gone")
		}
		cancel()
		<-done
	})
}

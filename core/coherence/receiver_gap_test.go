// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// jump delivers a sign of life after n changes that did not come.
func (e *ears) jump(n uint64) {
	e.seq += n
	e.message(wire.MessageHeartbeat, core.Version{})
}

func TestReceiver_AMissingMessageIsAGapAfterAWhile(t *testing.T) {
	for _, c := range []struct {
		name string
		jump uint64
		late bool
		want int
	}{
		{"none missing", 0, false, 0},
		{"one missing", 1, false, 1},
		{"one overtaken", 1, true, 0},
		{"too many missing to wait for", 100, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			hearing(t, func(t *testing.T, e *ears) {
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { e.receiver.Beat(ctx); close(done) }()
				e.message(wire.MessageSet, core.Version{})
				e.jump(c.jump)
				if c.late {
					e.seq--
					e.message(wire.MessageSet, core.Version{})
				}
				time.Sleep(2500 * time.Millisecond)
				if n := e.events.count(core.GapSuspected); n != c.want {
					t.Errorf("%d gaps, want %d", n, c.want)
				}
				cancel()
				<-done
			})
		})
	}
}

func TestReceiver_AStrangerThatHasSpokenBeforeIsAGap(t *testing.T) {
	for _, kind := range []wire.MessageKind{wire.MessageSet, wire.MessageHeartbeat} {
		hearing(t, func(t *testing.T, e *ears) {
			end := beating(t, e)
			defer end()
			time.Sleep(4 * time.Second)
			e.message(kind, core.Version{}) // its first
			if e.events.count(core.GapSuspected) != 0 {
				t.Error("a new node is a gap")
			}
			for range 50 {
				e.sender, e.seq = coherence.NewNodeID(), 10
				e.message(kind, core.Version{})
			}
			time.Sleep(2 * time.Second)
			if n := e.events.count(core.GapSuspected); n != 1 {
				t.Errorf("what strangers have said before is %d gaps, want 1 for all of them", n)
			}
		})
	}
}

// A node that joins late meets the others one by one. None of them is a gap; but
// what it has stored before it had met them all is checked once.
func TestReceiver_TheOthersThatALateNodeMeetsAreNoGap(t *testing.T) {
	for _, spoken := range []uint64{0, 10} {
		synctest.Test(t, func(t *testing.T) {
			b := new(echo)
			e := newEars(b)
			b.to = e.receiver
			e.receiver.Joined(false)
			end := beating(t, e)
			defer end()
			e.seq = spoken
			var others []wire.NodeID
			for range 10 {
				time.Sleep(100 * time.Millisecond)
				e.sender = coherence.NewNodeID()
				others = append(others, e.sender)
				e.message(wire.MessageHeartbeat, core.Version{})
			}
			checked := e.clock.Now()
			if !e.trusted() {
				t.Error("nothing is trusted while the node meets the others")
			}
			time.Sleep(1500 * time.Millisecond)
			for _, e.sender = range others {
				e.message(wire.MessageHeartbeat, core.Version{})
			}
			time.Sleep(time.Second)
			if e.trustsOld(checked) != (spoken == 0) {
				t.Errorf("after %d changes of each: what was stored before the node had met them is trusted: %t", spoken, spoken > 0)
			}
			if n := e.events.count(core.GapSuspected); n != 0 {
				t.Errorf("%d gaps", n)
			}
		})
	}
}

// The last words of a node tell how much it has said.
func TestReceiver_AGoodbyeDoesNotHideWhatIsMissing(t *testing.T) {
	hearing(t, func(t *testing.T, e *ears) {
		e.message(wire.MessageSet, core.Version{})
		e.seq++
		e.message(wire.MessageGoodbye, core.Version{})
		end := beating(t, e)
		time.Sleep(2 * time.Second)
		end()
		if n := e.events.count(core.GapSuspected); n != 1 {
			t.Errorf("%d gaps, want 1", n)
		}
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// ears are a node that hears, and the sender that it hears.
type ears struct {
	*rig
	receiver *coherence.Receiver
	own      wire.NodeID
	sender   wire.NodeID
	seq      uint64
}

func hearing(t *testing.T, f func(t *testing.T, e *ears)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := newEars(new(bus))
		e.receiver.Joined(false)
		f(t, e)
	})
}

func newEars(b core.Backplane) *ears {
	e := &ears{rig: newRig(), own: coherence.NewNodeID(), sender: coherence.NewNodeID()}
	events := core.NewEvents("test")
	e.events = listen(events, core.AllKinds)
	versions := coherence.NewVersions(e.own, e.clock.Wall, 0)
	e.receiver = coherence.NewReceiver(e.local, versions, coherence.NewNotifier(b, e.own, events), coherence.PulseOptions{}, events)
	return e
}

// message delivers the next message of the sender. Signs of life have no number of
// their own.
func (e *ears) message(kind wire.MessageKind, v core.Version) {
	if kind != wire.MessageHeartbeat && kind != wire.MessageGoodbye {
		e.seq++
	}
	e.receiver.Message(wire.AppendMessage(nil, wire.Message{Kind: kind, Node: e.sender, Seq: e.seq, Version: v, Key: keyOf(kind)}))
}

func keyOf(kind wire.MessageKind) string {
	switch kind {
	case wire.MessageHeartbeat, wire.MessageGoodbye, wire.MessageCleared, wire.MessageClearedSoft:
		return ""
	}
	return "k"
}

func (e *ears) trusted() bool { return e.local.Trusted(e.clock.Now(), e.clock.Now()) }

// trustsOld reports whether an entry that was checked just before now is trusted.
func (e *ears) trustsOld(checked core.Instant) bool { return e.local.Trusted(checked, e.clock.Now()) }

func TestReceiver_AppliesWhatOthersTell(t *testing.T) {
	for _, c := range []struct {
		kind wire.MessageKind
		op   core.Op
		want func(t *testing.T, e *ears)
	}{
		{wire.MessageSet, core.OpSet, func(t *testing.T, e *ears) { e.holds(t, 1, core.Stale) }},
		{wire.MessageExpire, core.OpExpire, func(t *testing.T, e *ears) { e.holds(t, 1, core.Stale) }},
		{wire.MessageRemove, core.OpRemove, func(t *testing.T, e *ears) { e.holdsNothing(t) }},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			hearing(t, func(t *testing.T, e *ears) {
				e.local.Write("k", e.entry(1, version(here, 1)))
				load := e.loads.begin("k")
				e.message(c.kind, version(there, 2))
				c.want(t, e)
				if load.Valid() {
					t.Error("a load from before may still store")
				}
				if e.local.Admits("k", version(there, 1)) {
					t.Error("something older is admitted")
				}
				if e.events.count(core.MessageReceived) != 1 || e.events.all[len(e.events.all)-1].Op != c.op {
					t.Errorf("events %+v", e.events.all)
				}
			})
		})
	}
}

func TestReceiver_AWriteThatMemoryHasIsNoNews(t *testing.T) {
	hearing(t, func(t *testing.T, e *ears) {
		v := core.Version{Time: 5, Node: e.sender.Node(), Op: 5}
		e.local.Write("k", e.entry(1, v))
		e.message(wire.MessageSet, v)
		e.holds(t, 1, core.Fresh)
	})
}

func TestReceiver_TakesNoNoticeOfItself(t *testing.T) {
	hearing(t, func(t *testing.T, e *ears) {
		e.sender = e.own
		e.local.Write("k", e.entry(1, version(here, 1)))
		e.message(wire.MessageRemove, version(here, 2))
		e.holds(t, 1, core.Fresh)
		if e.events.count(core.MessageReceived) != 0 {
			t.Error("the own message counts as received")
		}
	})
}

func TestReceiver_WhatIsNoMessageIsCountedAndIgnored(t *testing.T) {
	hearing(t, func(t *testing.T, e *ears) {
		e.local.Write("k", e.entry(1, version(here, 1)))
		whole := wire.AppendMessage(nil, wire.Message{Kind: wire.MessageRemove, Node: e.sender, Seq: 1, Key: "k"})
		for _, data := range [][]byte{nil, []byte("hello"), make([]byte, 1<<20), {0xff, 0xfe}, whole[:len(whole)-1]} {
			e.receiver.Message(data)
		}
		e.holds(t, 1, core.Fresh)
		if n := e.events.count(core.MessageRejected); n != 5 {
			t.Errorf("%d rejected, want 5", n)
		}
		e.message(wire.MessageRemove, version(there, 2))
		e.holdsNothing(t)
	})
}

func TestReceiver_AClockFarAheadInvalidatesButFencesNothingOff(t *testing.T) {
	hearing(t, func(t *testing.T, e *ears) {
		e.local.Write("k", e.entry(1, version(here, 1)))
		e.message(wire.MessageSet, core.Version{Time: e.clock.Wall().Add(time.Hour).UnixMilli(), Node: 9, Op: 1})
		e.holds(t, 1, core.Stale)
		if !e.local.Commit("k", nil, e.entry(2, version(here, 2))) {
			t.Error("the key is fenced off")
		}
	})
}

func TestReceiver_JoiningMakesOldEntriesSuspectUnlessNothingWasMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEars(new(bus))
		checked := e.clock.Now()
		time.Sleep(time.Second)
		e.receiver.Joined(false)
		if e.trustsOld(checked) || !e.trusted() {
			t.Error("the first join: something old is trusted, or something new is not")
		}
		if e.events.count(core.GapSuspected) != 0 {
			t.Error("the start is a gap")
		}
		checked = e.clock.Now()
		time.Sleep(time.Second)
		e.receiver.Joined(true)
		if !e.trustsOld(checked) {
			t.Error("a repair without a gap makes entries suspect")
		}
		e.receiver.Joined(false)
		if e.trustsOld(checked) || e.events.count(core.GapSuspected) != 1 {
			t.Error("a repair with a gap goes unnoticed")
		}
		if e.events.count(core.Joined) != 3 {
			t.Errorf("%d joins were told", e.events.count(core.Joined))
		}
	})
}

func TestReceiver_BeforeTheFirstJoinNothingIsTrustedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEars(new(bus))
		checked := e.clock.Now()
		time.Sleep(3 * time.Second)
		if e.trustsOld(checked) {
			t.Error("a node that has heard nothing trusts what it has")
		}
	})
}

// lossy is a backplane whose subscriptions fail.
type lossy struct {
	bus
	attempts []time.Time
	join     bool
	lasts    time.Duration
}

func (b *lossy) Subscribe(ctx context.Context, s core.Subscriber) error {
	b.attempts = append(b.attempts, time.Now())
	if b.join {
		s.Joined(false)
	}
	select {
	case <-time.After(b.lasts):
		return errBroken
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestReceiver_SubscribesAgainWithPauses(t *testing.T) {
	for _, c := range []struct {
		name        string
		b           *lossy
		least, most int
	}{
		{"that never joins", &lossy{}, 12, 50},
		{"that joins and is lost at once", &lossy{join: true}, 12, 50},
		{"that joins and is lost after a second", &lossy{join: true, lasts: time.Second}, 50, 60},
		{"that lasts", &lossy{join: true, lasts: time.Hour}, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEars(c.b)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				e.receiver.Run(ctx, c.b)
				if took := time.Since(start); took != time.Minute {
					t.Errorf("ended after %v", took)
				}
				if n := len(c.b.attempts); n < c.least || n > c.most {
					t.Errorf("%d attempts in a minute, want %d to %d", n, c.least, c.most)
				}
				for i := 1; i < len(c.b.attempts); i++ {
					if pause := c.b.attempts[i].Sub(c.b.attempts[i-1]); pause > 5*time.Second {
						t.Errorf("a pause of %v", pause)
					}
				}
			})
		})
	}
}

// Nodes that lost their server together do not come back in step.
func TestSeed_DC10_PausesOfTwoNodesDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs [2][]time.Duration
		for i := range runs {
			b, began := &lossy{}, time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			newEars(b).receiver.Run(ctx, b)
			cancel()
			for _, at := range b.attempts {
				runs[i] = append(runs[i], at.Sub(began))
			}
		}
		if slices.Equal(runs[0], runs[1]) {
			t.Errorf("both made their attempts after %v", runs[0])
		}
	})
}

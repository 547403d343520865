// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// doubtful has memory hold an entry in doubt, in a throttle window: it is served there
// only while the server is left alone.
func (n *node) doubtful(t *testing.T) *coherence.Marks {
	t.Helper()
	marks := marksOf(n)
	n.local.Watch(marks)
	n.local.Throttle("k", n.tagged(t, marks), n.clock.Now().Add(30*time.Minute))
	marks.DoubtAll()
	n.leaves(t, false)
	return marks
}

// fresh puts an entry into memory that nothing speaks against.
func (n *node) fresh(t *testing.T, key string, marks *coherence.Marks) *core.Entry {
	t.Helper()
	m := n.entry(1, core.Version{}).Meta()
	m.Stamp = marks.Begin(t.Context(), nil)
	e := core.Live(1, m)
	n.local.Write(key, e)
	return e
}

// leaves checks whether the server is left alone.
func (n *node) leaves(t *testing.T, alone bool) {
	t.Helper()
	if got := n.judge(*options()) == coherence.ServeStale; got != alone {
		t.Errorf("the server is left alone: %v, want %v", got, alone)
	}
}

// fails has a read find the server broken.
func (n *node) fails(t *testing.T) {
	t.Helper()
	n.server.broken.Store(true)
	_, _ = n.read(t.Context(), core.Request{}, passes(new(core.Request)))
	n.server.broken.Store(false)
	n.leaves(t, true)
}

// many reads keys at once.
func (n *node) many(t *testing.T, keys ...string) {
	t.Helper()
	var rs []core.Request
	for _, key := range keys {
		rs = append(rs, core.Request{Key: key, Options: options(), Codec: codec})
	}
	coherence.ReadMany(n.shared, n.local)(t.Context(), rs)
}

func TestWindow_TheSoftLimitOfOneKeySaysNothingOfTheServer(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		n.doubtful(t)
		n.server.delay = 50 * time.Millisecond
		held, _ := n.memory.Get("k")
		o := options()
		o.DistributedSoftTimeout = 20 * time.Millisecond
		_, _ = n.read(t.Context(), core.Request{Held: held, Options: o}, passes(new(core.Request)))
		n.leaves(t, false)
	})
}

func TestWindow_OnlyTheServerItselfSaysThatItIsBack(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		n.fresh(t, "fresh", n.doubtful(t))
		n.fails(t)
		for _, r := range []core.Request{
			{Key: "fresh", Options: options(), Codec: codec},                       // memory has it by now
			{Key: "l", Options: options(), Codec: codec, Answer: new(core.Answer)}, // it has answered before
		} {
			_, _ = coherence.Distributed(n.shared, n.local, alone, nil)(passes(new(core.Request)))(t.Context(), r)
			n.leaves(t, true)
		}
		n.many(t, "fresh")
		n.leaves(t, true)
		n.many(t, "l", "m")
		n.leaves(t, false)
	})
}

func TestWindow_AServerThatAnswersForNoneOfManyIsAway(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		n.doubtful(t)
		n.server.broken.Store(true)
		n.many(t, "l", "m")
		n.leaves(t, true)
		pass(3 * time.Second)
		n.leaves(t, false)
	})
}

// A window says that the server is still away only if it was when the source was asked.
func TestThrottle_AFailureOfLongAgoSaysNothingOfTheServer(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		marks := n.doubtful(t)
		for after, alone := range map[time.Duration]bool{3 * time.Second: true, time.Minute: false} {
			held := n.fresh(t, "l", marks)
			n.fails(t)
			pass(after)
			if !n.local.Throttle("l", held, n.clock.Now().Add(time.Minute)) {
				t.Error("no window")
			}
			n.leaves(t, alone)
		}
	})
}

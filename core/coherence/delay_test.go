// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// late is an account of one node whose clock shows an hour more.
type late struct {
	*peers
	id    wire.NodeID
	beats uint64
}

func newLate() *late {
	return &late{peers: newPeers(PulseOptions{}.withDefaults()), id: wire.NodeID{1}}
}

func after(d time.Duration) core.Instant { return core.Instant(time.Hour + d) }

// beat has a sign of life arrive that was sent before.
func (l *late) beat(sent, arrives time.Duration) {
	l.beats++
	l.live(l.id, 0, l.beats, stamp(after(sent+time.Hour)), after(arrives))
}

func (l *late) silent(at time.Duration) bool {
	_, quiet := l.check(after(at))
	return quiet != core.Never
}

const second = time.Second

// regular is ten seconds in which all arrives 10 ms after it was sent.
func regular() *late {
	l := newLate()
	for i := range 11 {
		l.beat(time.Duration(i)*second, time.Duration(i)*second+10*time.Millisecond)
	}
	return l
}

func TestPeers_WhatComesLateEndsNoSilence(t *testing.T) {
	l := regular()
	if l.silent(12 * second) {
		t.Error("silent after a second")
	}
	if !l.silent(19 * second) {
		t.Error("not silent after 8 s")
	}
	l.beat(11*second, 19*second)
	l.hear(l.id, 1, after(19*second))
	l.beat(12*second, 20*second)
	l.hear(l.id, 2, after(20*second))
	if !l.silent(20 * second) {
		t.Error("what was sent 8 s before, and a change after it, end the silence")
	}
	for i := 13; i <= 21; i++ {
		l.beat(time.Duration(i)*second, 21*second+10*time.Millisecond)
	}
	if l.silent(21*second + 20*time.Millisecond) {
		t.Error("silent still, though all has come")
	}
}

func TestPeers_AChangeAfterASilenceDoesNotEndIt(t *testing.T) {
	l := regular()
	l.hear(l.id, 1, after(20*second))
	if !l.silent(20 * second) {
		t.Error("nobody knows how late it is")
	}
	l.beat(20*second, 20*second)
	l.hear(l.id, 2, after(22*second))
	if l.silent(24 * second) {
		t.Error("changes are no signs of life any more")
	}
}

// The clock of a node whose machine was suspended has stood still.
func TestPeers_AClockThatStoodStillIsForgottenAfterAWhile(t *testing.T) {
	l := regular()
	for i := 11; i <= 100; i++ {
		at := time.Duration(i) * second
		l.beat(at-10*second, at)
		if silent := l.silent(at); i > 13 && i < 30 && !silent || i > 75 && silent {
			t.Errorf("after %v: silent %t", at, silent)
		}
	}
}

// A node of a release that says nothing of the time is believed.
func TestPeers_WithoutAStampNothingIsLate(t *testing.T) {
	l := newLate()
	for i := range 10 {
		l.live(l.id, 0, uint64(i), 0, after(time.Duration(i)*second))
	}
	if l.silent(10 * second) {
		t.Error("silent")
	}
	if _, ok := instantOf(core.MaxTime); ok {
		t.Error("an instant that no clock shows is taken for one")
	}
}

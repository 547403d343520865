// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

// nodesOf returns a show of two nodes that can do nothing but join each other, which
// the function has one of them do.
func nodesOf(l2, bus server) (s *show, join func(i int)) {
	s = &show{recipe: recipe{l2: l2, bus: bus}}
	events := []*core.Events{core.NewEvents("A"), core.NewEvents("B")}
	for _, e := range events {
		n := &node{witness: newWitness(1)}
		n.witness.watch(e)
		s.nodes = append(s.nodes, n)
	}
	return s, func(i int) { events[i].Emit(core.Event{Kind: core.Joined}) }
}

// A node that has L2 again, but has not subscribed again, does not hear of changes.
func TestOutage_NodesAreApartUntilEachHasJoinedTheOthersAgain(t *testing.T) {
	both := &redisProcess{}
	s, join := nodesOf(both, both)
	join(0)
	join(1)
	before := s.joins()
	for i, want := range []bool{false, false, true} {
		if i > 0 {
			join(i - 1)
		}
		if got := s.joined(before); got != want {
			t.Errorf("after %d of 2 have joined again: joined is %t", i, got)
		}
	}
}

func TestOutage_ABackplaneElsewhereWasNotLost(t *testing.T) {
	s, _ := nodesOf(&redisProcess{}, &natsProcess{})
	if !s.joined(s.joins()) {
		t.Error("the nodes wait for what has not ended")
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

const sec = time.Second

// story is a history made by hand, of three keys on three nodes. An operation
// takes a millisecond.
type story struct {
	*Checker
	version [3]uint64
}

func newStory(o Options) *story {
	o.Keys, o.Nodes = 3, 3
	return &story{Checker: New(o)}
}

// write writes key 0 on a node at a moment.
func (s *story) write(node int, at time.Duration, a Action, end Status) Value {
	s.version[0]++
	v := Value{Node: node, Version: s.version[0], Made: at}
	if end == Committed {
		s.Stored(v, at)
	}
	s.Add(&Operation{
		Action: a, Node: node, Life: s.lives[node], Writes: []Version{{0, v.Version}}, Value: v,
		From: at, To: at + time.Millisecond, Status: end,
	})
	return v
}

// brief has a node set key 0 at a moment, for a life that ends at another.
func (s *story) brief(node int, at, end time.Duration) Value {
	s.version[0]++
	v := Value{Node: node, Version: s.version[0], Made: at}
	s.Stored(v, at)
	s.Add(&Operation{
		Action: Set, Node: node, Life: s.lives[node], Writes: []Version{{0, v.Version}}, Value: v,
		From: at, To: at + time.Millisecond, Ends: end, Status: Committed,
	})
	return v
}

// read has a node answer v at a moment.
func (s *story) read(node int, at time.Duration, v Value) *Operation {
	o := s.answer(node, at, v)
	s.Add(o)
	return o
}

func (s *story) answer(node int, at time.Duration, v Value) *Operation {
	return &Operation{Action: Get, Node: node, Life: s.lives[node], Value: v, From: at, To: at + time.Millisecond, Status: Found}
}

// stale has a node answer v as stale.
func (s *story) stale(node int, at time.Duration, v Value) {
	o := s.answer(node, at, v)
	o.Stale = true
	s.Add(o)
}

// load has a factory on a node answer with the present version, made by then.
func (s *story) load(node int, at time.Duration) Value {
	s.version[0] = max(s.version[0], 1)
	o := s.answer(node, at, Value{Node: node, Version: s.version[0], Made: at})
	o.Action, o.Level = GetOrSet, core.LevelFactory
	s.Add(o)
	return o.Value
}

func TestChecker_CatchesWhatBreaksAnInvariantAndNothingElse(t *testing.T) {
	for _, tt := range stories {
		t.Run(tt.name, func(t *testing.T) {
			s := newStory(tt.opts)
			tt.tell(s)
			got := s.Violations()
			if tt.breaks == "" && len(got) > 0 {
				t.Errorf("breaks nothing, but: %v", got[0])
			}
			broken := func(v Violation) bool { return v.Invariant == tt.breaks }
			if tt.breaks != "" && !slices.ContainsFunc(got, broken) {
				t.Errorf("breaks %s, but: %v", tt.breaks, got)
			}
		})
	}
}

// Every invariant that the documentation lists has stories of both kinds.
func TestChecker_EveryInvariantHasAStory(t *testing.T) {
	for _, id := range []string{"I1 ", "I2 ", "I4 ", "I5 ", "I6 ", "I7 ", "I13 ", "I15 ", "I16 ", "I17 "} {
		found := false
		for _, tt := range stories {
			found = found || strings.HasPrefix(tt.breaks, id)
		}
		if !found {
			t.Errorf("%s: no story breaks it", id)
		}
	}
}

func TestChecker_KeepsAHundredViolations(t *testing.T) {
	s := newStory(Options{})
	for range 1000 {
		s.read(0, 0, Value{})
	}
	if n := len(s.Violations()); n != maxViolations {
		t.Errorf("%d violations", n)
	}
	if n := s.Operations(); n != 1000 {
		t.Errorf("%d operations", n)
	}
}

func TestTimeline_TellsWhatHappenedToTheKey(t *testing.T) {
	s := newStory(Options{})
	s.Add(&Operation{Action: Get, Key: 1, From: sec, To: sec, Status: Missed, Client: 77})
	s.Note(sec, AllKeys, "the server is emptied")
	s.Note(sec, 1, "something else")
	s.write(1, 2*sec, Set, Committed)
	s.read(1, 3*sec, Value{})
	s.write(1, 4*sec, Set, Committed)
	got := s.Timeline(s.Violations()[0])
	for _, want := range []string{"the server is emptied", "set k0 v1  committed", "get k0  found v0"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, other := range []string{"client 77", "something else", "v2"} {
		if strings.Contains(got, other) {
			t.Errorf("%q in\n%s", other, got)
		}
	}
}

func TestTimeline_RemembersTheLatest(t *testing.T) {
	s := newStory(Options{Remember: 10})
	for i := range 100 {
		s.Add(&Operation{Action: Get, Client: i, Status: Missed})
		s.Note(0, AllKeys, "note")
	}
	s.read(0, 0, Value{})
	lines := strings.Split(s.Timeline(s.Violations()[0]), "\n")
	if len(lines) < 20 || len(lines) > 41 {
		t.Errorf("%d lines", len(lines))
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "client 99") }) {
		t.Error("the last operation is not there")
	}
}

func TestOperation_TakesWhatWasReturned(t *testing.T) {
	failure := errors.New("failure")
	var o Operation
	for _, tt := range []struct {
		do   func()
		want Status
	}{
		{func() { o.Answered(true, nil) }, Found},
		{func() { o.Answered(false, nil) }, Missed},
		{func() { o.Answered(true, failure) }, Failed},
		{func() { o.Wrote(core.Committed, nil) }, Committed},
		{func() { o.Wrote(core.LocalOnly, failure) }, LocalOnly},
		{func() { o.Wrote(0, failure) }, Failed},
	} {
		if tt.do(); o.Status != tt.want {
			t.Errorf("%v, want %v", o.Status, tt.want)
		}
	}
}

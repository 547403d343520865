// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest

import (
	"slices"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// stories are histories, each with the invariant that it breaks; "" for those that
// break none.
var stories = []struct {
	name, breaks string
	opts         Options
	tell         func(s *story)
}{
	{"an old version after the bound", "I1 staleness", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Committed)
		s.read(2, 8*sec, old)
	}},
	{"an old version within the bound", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Committed)
		s.read(2, 6*sec, old)
	}},
	{"an old version that is marked as stale", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Committed)
		s.stale(2, 8*sec, old)
	}},
	{"an old version although the write was local only", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, LocalOnly)
		s.read(2, 8*sec, old)
	}},
	{"an old version without a fault", "I1 staleness without faults", Options{Bounds: Bounds{Quiet: sec / 20}}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Committed)
		s.read(2, 2*sec, old)
	}},
	{"an old version soon after a fault", "", Options{Bounds: Bounds{Quiet: sec / 20}}, func(s *story) {
		s.Fault(0, 0)
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Committed)
		s.read(2, 2*sec, old)
	}},
	{"an old version soon after a loss", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.Lose(0)
		s.write(1, sec, Set, Committed)
		s.read(2, 8*sec, old)
	}},
	{"an old version long after a loss", "I1 staleness", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.Lose(0)
		s.write(1, 20*sec, Set, Committed)
		s.read(2, 27*sec, old)
	}},
	{"an old version on a machine that stood still", "", Options{Stalled: func(_, _ time.Duration) time.Duration { return 2 * sec }}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Committed)
		s.read(2, 8*sec, old)
	}},
	{"an old version, the write was lost", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Committed)
		s.Void(0, 2*sec)
		s.read(2, 10*sec, old)
	}},
	{"no order, an old version", "", Options{Unordered: true}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Committed)
		s.read(2, 10*sec, old)
	}},
	{"a weak layer, an old version", "", Options{Weak: true}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Committed)
		s.read(2, 10*sec, old)
	}},
	{"a weak layer, an old version in the end", "I2 convergence", Options{Weak: true}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Committed)
		s.AddFinal(s.answer(2, 60*sec, old), 2)
	}},
	{"own write, its life over, an older load stored after that", "", Options{Watched: true}, func(s *story) {
		old := s.load(1, 0)
		s.brief(0, sec, 2*sec)
		s.Stored(old, 2*sec)
		s.read(0, 2*sec+1, old)
	}},
	{"own write, its life over, an older load stored before that", "I7 own writes", Options{Watched: true}, func(s *story) {
		old := s.load(1, 0)
		s.Stored(old, 0)
		s.brief(0, sec, 2*sec)
		s.read(0, 3*sec, old)
	}},
	{"own write, its life over, an older load that was never stored", "I7 own writes", Options{Watched: true}, func(s *story) {
		old := s.load(1, 0)
		s.brief(0, sec, 2*sec)
		s.read(0, 3*sec, old)
	}},
	{"own write, its life not over, an older load", "I7 own writes", Options{}, func(s *story) {
		old := s.load(1, 0)
		s.brief(0, sec, 5*sec)
		s.read(0, 4*sec, old)
	}},
	{"own write, its life over, a load that was too old to be stored", "I7 own writes", Options{}, func(s *story) {
		old := s.load(1, 0)
		s.brief(0, sec, 32*sec)
		s.read(0, 33*sec, old)
	}},
	{"own write, its life over, but not that of one before it", "I7 own writes", Options{}, func(s *story) {
		old := s.load(1, 0)
		s.write(0, sec, Set, Committed)
		s.brief(0, 2*sec, 3*sec)
		s.read(0, 4*sec, old)
	}},
	{"a committed write, its life over, an older load", "", Options{}, func(s *story) {
		old := s.load(1, 0)
		s.brief(0, sec, 2*sec)
		s.read(2, 9*sec, old)
	}},
	{"a committed write, its life over, what memory held all the time", "I1 staleness", Options{Watched: true}, func(s *story) {
		old := s.write(2, 0, Set, Committed)
		s.brief(0, sec, 2*sec)
		s.read(2, 9*sec, old)
	}},
	{"a write that was shown, its life over, an older load", "", Options{}, func(s *story) {
		old := s.load(1, 0)
		s.read(2, sec+2, s.brief(0, sec, 2*sec))
		s.read(2, 2*sec, old)
	}},
	{"a write that was shown, its life over, older than what has none", "I6 monotonic reads", Options{}, func(s *story) {
		old := s.load(1, 0)
		s.write(0, sec/2, Set, Committed)
		s.read(2, sec+2*time.Millisecond, s.brief(0, sec, 2*sec))
		s.read(2, 2*sec, old)
	}},
	{"the last version, its life over, an older load in the end", "", Options{}, func(s *story) {
		old := s.load(1, 0)
		s.brief(0, sec, 2*sec)
		s.AddFinal(s.answer(2, 15*sec, old), 2)
	}},
	{"the last version in the end", "", Options{}, func(s *story) {
		s.AddFinal(s.answer(2, 60*sec, s.write(0, 0, Set, Committed)), 1)
	}},
	{"nothing in the end", "", Options{}, func(s *story) {
		s.write(0, 0, Set, Committed)
		s.AddFinal(&Operation{Action: Get, From: 60 * sec, To: 60 * sec, Status: Missed}, 1)
	}},
	{"no answer of a load in the end", "I2 convergence", Options{}, func(s *story) {
		s.write(0, 0, Set, Committed)
		s.AddFinal(&Operation{Action: GetOrSet, From: 60 * sec, To: 60 * sec, Err: core.ErrClosed}, 1)
	}},
	{"an old version in the end", "I2 convergence", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, LocalOnly)
		s.AddFinal(s.answer(2, 60*sec, old), 2)
	}},
	{"an old version in the end, the writer has died", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, LocalOnly)
		s.Bury(1)
		s.Restart(1)
		s.AddFinal(s.answer(2, 60*sec, old), 2)
	}},
	{"an old version in the end, although it was mended", "I2 convergence", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, LocalOnly)
		if owed := s.Bury(1); !slices.Equal(owed, []int{0}) {
			s.Report("test", 0, 0, nil, "the key is not owed")
		}
		s.version[0]--
		s.write(0, 2*sec, Remove, Committed)
		s.AddFinal(s.answer(2, 60*sec, old), 2)
	}},
	{"an old version in the end, the write has failed", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Failed)
		s.AddFinal(s.answer(2, 60*sec, old), 2)
	}},
	{"no order, the nodes agree", "", Options{Unordered: true}, func(s *story) {
		v := s.write(0, 0, Set, Committed)
		s.write(1, 0, Set, Committed)
		s.AddFinal(s.answer(1, 60*sec, v), 2)
		s.AddFinal(s.answer(2, 60*sec, v), 2)
	}},
	{"no order, the nodes differ", "I2 convergence", Options{Unordered: true}, func(s *story) {
		v := s.write(0, 0, Set, Committed)
		w := s.write(1, 0, Set, Committed)
		s.AddFinal(s.answer(1, 60*sec, v), 2)
		s.AddFinal(s.answer(2, 60*sec, w), 2)
	}},
	{"a stale answer that is too old", "I4 limit of fail-safe", Options{Bounds: Bounds{Stale: 30 * sec}}, func(s *story) {
		s.stale(1, 31*sec, s.write(0, 0, Set, Committed))
	}},
	{"a stale answer that is old", "", Options{Bounds: Bounds{Stale: 30 * sec}}, func(s *story) {
		s.stale(1, 29*sec, s.write(0, 0, Set, Committed))
	}},
	{"what was removed is back", "I5 resurrection", Options{}, func(s *story) {
		s.write(0, 0, Set, Committed)
		early := Value{Node: 2, Version: 2, Made: sec} // the source was ahead of the cache
		s.write(1, 2*sec, Remove, Committed)
		s.read(2, 9*sec, early)
	}},
	{"what was removed is loaded anew", "", Options{}, func(s *story) {
		s.write(0, 0, Set, Committed)
		s.write(1, 2*sec, Remove, Committed)
		s.read(2, 9*sec, s.load(2, 8*sec))
	}},
	{"what was removed here is served as stale", "I5 own removal", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Remove, LocalOnly)
		s.stale(1, 2*sec, old)
	}},
	{"what was removed here was right once more", "", Options{}, func(s *story) {
		early := Value{Node: 2, Version: 2, Made: sec / 2} // the source was ahead of the cache
		s.write(0, 0, Set, Committed)
		s.write(1, sec, Remove, LocalOnly)
		s.Confirmed(early, 2*sec)
		s.read(1, 3*sec, early)
	}},
	{"what was removed here was right before", "I5 own removal", Options{}, func(s *story) {
		early := Value{Node: 2, Version: 2, Made: sec / 4}
		s.write(0, 0, Set, Committed)
		s.Confirmed(early, sec/2)
		s.write(1, sec, Remove, LocalOnly)
		s.read(1, 3*sec, early)
	}},
	{"what was removed there is served as stale", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Remove, LocalOnly)
		s.stale(2, 2*sec, old)
	}},
	{"back behind what was shown", "I6 monotonic reads", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.read(2, 2*sec, s.write(1, sec, Set, Committed))
		s.read(2, 3*sec, old)
	}},
	{"back behind what was shown, soon after a loss", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, LocalOnly)
		s.read(2, 2*sec, s.write(1, sec, Set, Committed))
		s.Lose(3 * sec)
		s.read(2, 4*sec, old)
	}},
	{"back behind what was shown, long after a loss", "I6 monotonic reads", Options{Bounds: Bounds{AfterLoss: 4 * sec, LossTime: sec, Staleness: 60 * sec}}, func(s *story) {
		old := s.write(0, 0, Set, LocalOnly)
		s.read(2, 2*sec, s.write(1, sec, Set, Committed))
		s.Lose(3 * sec)
		s.read(2, 9*sec, old)
	}},
	{"back behind what was made after a loss", "I6 monotonic reads", Options{}, func(s *story) {
		s.Lose(sec / 2)
		old := s.write(0, sec, Set, Committed)
		s.read(2, 3*sec, s.write(1, 2*sec, Set, Committed))
		s.read(2, 4*sec, old)
	}},
	{"back behind what another node has shown", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.read(2, 2*sec, s.write(1, sec, Set, Committed))
		s.read(0, 3*sec, old)
	}},
	{"back behind what another life has shown", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.read(2, 2*sec, s.write(1, sec, Set, Committed))
		s.Restart(2)
		s.read(2, 3*sec, old)
	}},
	{"back behind what a factory returned", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Committed)
		s.load(2, 2*sec)
		s.read(2, 3*sec, old)
	}},
	{"back behind what the layer refused", "", Options{Watched: true}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(1, sec, Set, Committed)
		s.read(2, 2*sec, Value{Node: 2, Version: 2, Made: 2 * sec})
		s.read(2, 3*sec, old)
	}},
	{"not what was written here", "I7 own writes", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(2, sec, Set, LocalOnly)
		s.read(2, 2*sec, old)
	}},
	{"not what another life wrote here", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(2, sec, Set, LocalOnly)
		s.Restart(2)
		s.read(2, 2*sec, old)
	}},
	{"not what is being written here", "", Options{}, func(s *story) {
		old := s.write(0, 0, Set, Committed)
		s.write(2, sec, Set, LocalOnly)
		s.read(2, sec, old)
	}},
	{"a late read", "I13 deadline", Options{Bounds: Bounds{ReadLate: sec, WriteLate: 3 * sec}}, func(s *story) {
		s.Add(&Operation{To: 12 * sec, Deadline: 10 * sec, Status: Missed})
	}},
	{"a late write", "I13 deadline", Options{Bounds: Bounds{ReadLate: sec, WriteLate: 3 * sec}}, func(s *story) {
		s.Add(&Operation{Action: Remove, To: 14 * sec, Deadline: 10 * sec, Status: LocalOnly})
	}},
	{"a write that takes longer than a read", "", Options{Bounds: Bounds{ReadLate: sec, WriteLate: 3 * sec}}, func(s *story) {
		s.Add(&Operation{Action: Remove, To: 12 * sec, Deadline: 10 * sec, Status: LocalOnly})
	}},
	{"a late read on a node that stood still", "", Options{Bounds: Bounds{ReadLate: sec}}, func(s *story) {
		s.Pause(0, 5*sec, Forever)
		s.Resume(0, 11*sec)
		s.Add(&Operation{To: 12 * sec, Deadline: 10 * sec, Status: Missed})
	}},
	{"a late read on a node that stood still before", "I13 deadline", Options{Bounds: Bounds{ReadLate: sec}}, func(s *story) {
		s.Pause(0, 5*sec, Forever)
		s.Resume(0, 6*sec)
		s.Add(&Operation{From: 7 * sec, To: 12 * sec, Deadline: 10 * sec, Status: Missed})
	}},
	{"committed and not stored", "I15 honest outcome", Options{Watched: true}, func(s *story) {
		s.Add(&Operation{Action: Set, Writes: []Version{{0, 1}}, Value: Value{Version: 1}, Status: Committed})
	}},
	{"committed and stored", "", Options{Watched: true}, func(s *story) {
		s.write(0, 0, Set, Committed)
	}},
	{"failed and seen", "I15 honest outcome", Options{}, func(s *story) {
		s.read(1, sec, s.write(0, 0, Set, Failed))
	}},
	{"failed, and loaded", "", Options{}, func(s *story) {
		s.write(0, 0, Set, Failed)
		s.load(1, sec)
	}},
	{"perhaps failed, and seen", "", Options{}, func(s *story) {
		v := Value{Version: 1}
		s.Add(&Operation{Action: Set, Writes: []Version{{0, 1}}, Value: v, Lost: true})
		s.read(1, sec, v)
	}},
	{"the zero value", "I16 panic", Options{}, func(s *story) { s.read(0, 0, Value{}) }},
	{"another key's value", "I17 quarantine", Options{}, func(s *story) { s.read(0, 0, Value{Key: 1, Version: 1}) }},
	{"nobody's value", "I17 quarantine", Options{Knows: func(v Value) bool { return v.Version < 9 }}, func(s *story) {
		s.read(0, 0, Value{Version: 9})
	}},
	{"somebody's value", "", Options{Knows: func(v Value) bool { return v.Version < 9 }}, func(s *story) {
		s.read(0, 0, Value{Version: 8})
	}},
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// shrinker makes a plan smaller while the same invariant is broken: it leaves out
// faults, nodes, clients and operations.
type shrinker struct {
	t     *testing.T
	until time.Time
	best  Report
	runs  int
}

// shrink returns the run of a smaller plan that breaks the same invariant as rep. It
// takes no longer than limit.
func shrink(t *testing.T, rep Report, limit time.Duration) Report {
	s := &shrinker{t: t, until: time.Now().Add(limit), best: rep}
	for before := -1; before != s.size() && !s.over(); {
		before = s.size()
		s.dropLate()
		s.dropFaults()
		s.dropClients()
		s.dropNodes()
		s.dropOperations()
	}
	t.Logf("%d runs to make it smaller: %d faults, %d nodes, %d operations", s.runs, len(s.best.Plan.Faults), s.best.Plan.Nodes, len(s.best.serials))
	p := *s.best.Plan
	p.Verbose = true
	if full := simulate(t, &p); full.breaks(rep) {
		return full
	}
	return s.best
}

// breaks reports whether the first violation is of the same invariant.
func (r Report) breaks(other Report) bool {
	return len(r.Violations) > 0 && r.Violations[0].Invariant == other.Violations[0].Invariant
}

func (s *shrinker) over() bool { return time.Now().After(s.until) }

func (s *shrinker) size() int {
	return len(s.best.Plan.Faults) + s.best.Plan.Nodes + len(s.best.serials)
}

// try runs a changed copy of the best plan and reports whether it is better.
func (s *shrinker) try(change func(p *Plan)) bool {
	if s.over() {
		return false
	}
	p := *s.best.Plan
	p.Verbose = false
	p.Faults, p.Without = slices.Clone(p.Faults), maps.Clone(p.Without)
	if p.Without == nil {
		p.Without = make(map[uint32]bool)
	}
	change(&p)
	p.prepare()
	s.runs++
	rep := simulate(s.t, &p)
	if !rep.breaks(s.best) {
		return false
	}
	s.best = rep
	return true
}

// dropLate ends the plan soon after the violation.
func (s *shrinker) dropLate() {
	s.try(func(p *Plan) {
		at := s.best.Violations[0].At
		p.Heal = min(p.Heal, at+time.Second)
		p.Faults = slices.DeleteFunc(p.Faults, func(f Fault) bool { return f.From > at })
	})
}

func (s *shrinker) dropFaults() {
	for i := len(s.best.Plan.Faults) - 1; i >= 0; i-- {
		s.try(func(p *Plan) { p.Faults = slices.Delete(p.Faults, i, i+1) })
	}
}

func (s *shrinker) dropClients() {
	for i := range s.best.Plan.Nodes * s.best.Plan.Clients {
		if s.best.Plan.Mute>>i&1 == 0 {
			s.try(func(p *Plan) { p.Mute |= 1 << i })
		}
	}
}

func (s *shrinker) dropNodes() {
	for s.best.Plan.Nodes > 1 && s.try(func(p *Plan) { p.Nodes-- }) {
		continue
	}
}

// dropOperations leaves out operations: many at once, then fewer.
func (s *shrinker) dropOperations() {
	for size := len(s.best.serials) / 2; size > 0 && !s.over(); size /= 2 {
		list := slices.Sorted(slices.Values(s.best.serials))
		for chunk := range slices.Chunk(list, size) {
			s.try(func(p *Plan) {
				for _, serial := range chunk {
					p.Without[serial] = true
				}
			})
		}
	}
}

// explain describes the first violation of a report for whoever has to understand it.
func explain(rep Report) string {
	v := rep.Violations[0]
	var s strings.Builder
	fmt.Fprintf(&s, "%v\n%d violations, the first: %v\n%s", rep.Plan, len(rep.Violations), v, rep.Timeline(v))
	fmt.Fprintf(&s, "to see it again: go test ./core/internal/sim -run TestReplay -seed %d -v", rep.Plan.Seed)
	return s.String()
}

// A store that loses committed writes while it is slow shows in any run in which it is
// slow. What is left must have little else in it.
func TestShrink_LeavesLittleButTheCause(t *testing.T) {
	p := NewPlan(3)
	p.Faults = append(p.Faults, Fault{Kind: StoreSlow, From: 5 * time.Second, To: 8 * time.Second, Nodes: allNodes(p.Nodes), Percent: 100, Hi: 20})
	p.prepare()
	p.sabotage = func(p *Plan, now instant) bool { return p.at(StoreSlow, 0, now, always) != nil }
	rep := simulate(t, p)
	if len(rep.Violations) == 0 {
		t.Fatal("a store that lies is not found")
	}
	small := shrink(t, rep, 20*time.Second)
	if f, n, ops := small.Plan.Faults, small.Plan.Nodes, len(small.serials); len(f) != 1 || f[0].Kind != StoreSlow || n > 2 || ops > 60 {
		t.Errorf("%v, %d nodes, %d operations are left", f, n, ops)
	}
	text := explain(small)
	for _, want := range []string{"seed 3:", "store slow", small.Violations[0].Invariant, "-run TestReplay -seed 3"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

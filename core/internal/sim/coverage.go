// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"fmt"
	"time"
)

// condition is a state that a node, or the entry in its memory, may be in when an
// operation begins. Several may hold at once.
type condition uint8

const (
	absent   condition = iota // memory holds nothing of the key
	fresh                     // what it holds is fresh and believed
	doubted                   // it is fresh, but messages about it may have been lost
	stale                     // it can serve as stale only
	degraded                  // the node does not hear itself, or another one
	owing                     // the node owes writes to the store or to the others
	young                     // the node has begun less than five seconds ago
	conditions
)

var conditionNames = [conditions]string{
	absent: "absent", fresh: "fresh", doubted: "doubted", stale: "stale", degraded: "degraded", owing: "owing", young: "young",
}

// String returns the name of the condition.
func (c condition) String() string { return conditionNames[c] }

// conditionSet is a set of conditions.
type conditionSet uint8

func (s *conditionSet) add(c condition, holds bool) {
	if holds {
		*s |= 1 << c
	}
}

func (s conditionSet) has(c condition) bool { return s>>c&1 != 0 }

// noFault is the row of operations that no fault had an effect on.
const noFault = faultKinds

// Coverage counts operations by the faults that were on meanwhile, their action,
// and the conditions under which they began.
type Coverage [faultKinds + 1][actions][conditions]uint32

// count notes an operation that has returned.
func (c *Coverage) count(p *Plan, o *op) {
	calm := true
	for i := range p.Faults {
		if f := &p.Faults[i]; f.affects(o.Node, o.From, o.To) {
			c.add(f.Kind, o)
			calm = false
		}
	}
	if calm {
		c.add(noFault, o)
	}
}

func (c *Coverage) add(kind FaultKind, o *op) {
	for s := range conditions {
		if o.began.has(s) {
			c[kind][o.Action][s]++
		}
	}
}

// aftermath is for how long an event counts as going on.
const aftermath = 3 * time.Second

// affects reports whether a fault may have an effect on what a node does between
// two moments.
func (f *Fault) affects(node int, from, to instant) bool {
	begin, end := f.From, f.To
	switch f.Kind {
	case StoreEvict, StoreFlush, StoreRot, StoreForeign, NodeClock, NodeForget:
		end = begin + aftermath
	case StoreRewind:
		begin, end = end, end+aftermath
	case NodePause:
		end += aftermath // what a node does first when it goes on
	case NodeCrash, NodeClose:
		return from <= end+aftermath && to >= begin
	}
	return (f.Nodes.has(node) || f.Peers.has(node)) && from <= end && to >= begin
}

// merge adds the counts of another table.
func (c *Coverage) merge(other *Coverage) {
	for f := range c {
		for a := range c[f] {
			for s := range c[f][a] {
				c[f][a][s] += other[f][a][s]
			}
		}
	}
}

// Missing names the triples that have never occurred. All of them can.
func (c *Coverage) Missing() (names []string) {
	for f := range c {
		for a := range c[f] {
			for s, n := range c[f][a] {
				if n == 0 {
					names = append(names, fmt.Sprintf("%v, %v, %v", FaultKind(f), action(a), condition(s)))
				}
			}
		}
	}
	return names
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// FaultKind is a way in which something goes wrong.
type FaultKind uint8

// The kinds of faults. A window of time has its effect on calls and messages
// within it; an event happens where the window begins, and some end with it.
const (
	StoreError FaultKind = iota // a call fails and does nothing
	StoreLost                   // a write is done and reported as failed
	StoreSlow                   // a call takes long
	StoreHang                   // a call ends with its context
	BusError                    // a publication fails
	BusDown                     // subscriptions are lost, publications fail
	BusDrop                     // messages are lost
	BusCut                      // nodes do not hear some others, and are not told
	BusSlow                     // messages take long
	BusDouble                   // messages come twice
	BusShuffle                  // messages overtake each other
	faultKinds
)

var faultNames = [...]string{
	StoreError: "store error", StoreLost: "store lost reply", StoreSlow: "store slow", StoreHang: "store hang",
	BusError: "bus error", BusDown: "bus down", BusDrop: "bus drop", BusCut: "bus cut", BusSlow: "bus slow",
	BusDouble: "bus double", BusShuffle: "bus shuffle",
}

// String returns the name of the kind.
func (k FaultKind) String() string {
	if int(k) < len(faultNames) {
		return faultNames[k]
	}
	return "unknown"
}

// Fault is one row of a timetable.
type Fault struct {
	Kind     FaultKind
	From, To time.Duration // since the start
	Nodes    nodeSet       // whose calls fail, or who does not hear
	Peers    nodeSet       // for the bus: whose messages
	Percent  int           // of the calls or messages
	Lo, Hi   int           // milliseconds, for what is slow
}

// String returns the row as a line of a timetable.
func (f Fault) String() string {
	s := fmt.Sprintf("%7d..%7d ms  %-16s nodes %v", f.From.Milliseconds(), f.To.Milliseconds(), f.Kind, f.Nodes)
	if f.Peers != 0 {
		s += fmt.Sprintf(" from %v", f.Peers)
	}
	if f.Percent != 100 {
		s += fmt.Sprintf(" %d%%", f.Percent)
	}
	if f.Hi > 0 {
		s += fmt.Sprintf(" %d..%d ms", f.Lo, f.Hi)
	}
	return s
}

// nodeSet is a set of indexes of nodes.
type nodeSet uint8

func (s nodeSet) has(node int) bool { return s>>node&1 != 0 }

func allNodes(n int) nodeSet { return nodeSet(1<<n - 1) }

// String lists the nodes.
func (s nodeSet) String() string {
	var names []string
	for rest := uint8(s); rest != 0; rest &= rest - 1 {
		names = append(names, fmt.Sprint(bits.TrailingZeros8(rest)))
	}
	return strings.Join(names, ",")
}

// at returns the first fault of a kind that holds at now on node, or nil. What
// it does to part of the calls, roll decides.
func (p *Plan) at(kind FaultKind, node int, now instant, roll func() int) *Fault {
	if p.kinds>>kind&1 == 0 {
		return nil
	}
	for i := range p.Faults {
		f := &p.Faults[i]
		if f.Kind == kind && f.From <= now && now < f.To && f.Nodes.has(node) && (f.Percent >= 100 || roll() < f.Percent) {
			return f
		}
	}
	return nil
}

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
	StoreError   FaultKind = iota // a call fails and does nothing
	StoreLost                     // a write is done and reported as failed
	StoreSlow                     // a call takes long
	StoreHang                     // a call ends with its context
	StoreGarble                   // bytes of a reply are wrong
	StoreEvict                    // event: some keys are gone, marks and tombstones too
	StoreFlush                    // event: all keys are gone
	StoreRewind                   // event at the end: all is as it was at the beginning
	StoreRot                      // event: bytes of some values are wrong for good
	StoreForeign                  // event: somebody else writes to a key
	BusError                      // a publication fails
	BusDown                       // subscriptions are lost, publications fail
	BusDrop                       // messages are lost
	BusCut                        // nodes do not hear some others, and are not told
	BusSlow                       // messages take long
	BusDouble                     // messages come twice
	BusShuffle                    // messages overtake each other
	BusGarble                     // bytes of messages are wrong
	BusMute                       // signs of life are lost
	BusHang                       // a publication ends with its context
	NodePause                     // nodes stand still
	NodeCrash                     // nodes die, and others take their places at the end
	NodeClose                     // the same in good order
	NodeClock                     // event: wall clocks step
	NodeForget                    // event: memory evicts everything
	SourceDown                    // factories fail
	StoreLate                     // a write ends with its context, and is done later unless another one came
	StoreLag                      // reads are answered from an older state
	faultKinds
)

var faultNames = [faultKinds]string{
	StoreError: "store error", StoreLost: "store lost reply", StoreSlow: "store slow", StoreHang: "store hang",
	StoreGarble: "store garble", StoreEvict: "store evict", StoreFlush: "store flush", StoreRewind: "store rewind",
	StoreRot: "store rot", StoreForeign: "store foreign",
	BusError: "bus error", BusDown: "bus down", BusDrop: "bus drop", BusCut: "bus cut", BusSlow: "bus slow",
	BusDouble: "bus double", BusShuffle: "bus shuffle", BusGarble: "bus garble", BusMute: "bus mute", BusHang: "bus hang",
	NodePause: "node pause", NodeCrash: "node crash", NodeClose: "node close", NodeClock: "node clock", NodeForget: "node forget",
	SourceDown: "source down", StoreLate: "store late", StoreLag: "store lag",
}

// String returns the name of the kind.
func (k FaultKind) String() string {
	if k < faultKinds {
		return faultNames[k]
	}
	return "no fault"
}

// Fault is one row of a timetable.
type Fault struct {
	Kind     FaultKind
	From, To time.Duration // since the start
	Nodes    nodeSet       // whose calls fail, or who does not hear
	Peers    nodeSet       // for the bus: whose messages
	Percent  int           // of the calls, messages or keys
	Lo, Hi   int           // milliseconds, for what is slow and for clocks
	Lossy    bool          // of BusDown: what is missed is not handed over later
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
	if f.Hi != 0 || f.Lo != 0 {
		s += fmt.Sprintf(" %d..%d ms", f.Lo, f.Hi)
	}
	if f.Lossy {
		s += " lossy"
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

// always is a roll of the dice for faults that know no part.
func always() int { return 0 }

// window draws a fault of a kind.
func (d *draw) window(kind FaultKind) Fault {
	p, r := d.plan, d.rng
	f := Fault{Kind: kind, Nodes: allNodes(p.Nodes), Percent: 100}
	f.From = between(r, 500, int(p.Heal.Milliseconds())-1000)
	f.To = min(f.From+between(r, 100, 10_000), p.Heal)
	if r.IntN(2) == 0 {
		f.Nodes = d.someNodes()
	}
	if r.IntN(2) == 0 {
		f.Percent = 10 + r.IntN(90)
	}
	switch kind {
	case StoreSlow:
		f.Lo, f.Hi = 10, 20+r.IntN(1500)
	case StoreLag:
		f.Lo, f.Hi = 1, 10+r.IntN(maxLag-10)
	case BusSlow:
		f.Lo, f.Hi = 1, 20+r.IntN(10_000)
	case NodePause:
		f.To = min(f.From+between(r, 100, 5_000), p.Heal)
	case NodeCrash, NodeClose:
		f.Nodes, f.Percent = 1<<r.IntN(p.Nodes), 100
		f.To = min(f.From+between(r, 100, 3_000), p.Heal)
	case NodeClock:
		f.Lo = r.IntN(2*maxSkew) - maxSkew
	case StoreFlush, StoreRewind:
		f.Percent = 100
	}
	if kind >= BusError && kind <= BusMute {
		f.Peers = allNodes(p.Nodes)
		if r.IntN(2) == 0 {
			f.Peers = d.someNodes()
		}
	}
	return f
}

func (d *draw) someNodes() nodeSet { return nodeSet(1 + d.rng.IntN(1<<d.plan.Nodes-1)) }

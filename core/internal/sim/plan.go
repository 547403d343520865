// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Plan is all that is fixed before a run begins. The seed also feeds the
// generators of the actors.
type Plan struct {
	Seed     uint64
	Nodes    int
	Clients  int // per node
	Keys     int
	Think    int             // mean pause of a client between operations, in milliseconds
	Heal     time.Duration   // when writers stop; no fault lasts longer
	Skews    []time.Duration // of the nodes' wall clocks
	Tiny     nodeSet         // nodes whose memory holds two entries only
	Mix      Mix
	Defaults core.EntryOptions
	Faults   []Fault
	Verbose  bool // note every call and message

	kinds uint64 // set of the kinds of faults there are
}

// maxKeys is the most keys that a plan has.
const maxKeys = 8

var keyNames = [maxKeys]string{"k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"}

// Mix holds the weights of the actions.
type Mix [actions]int

func (m *Mix) pick(r *rand.Rand) action {
	total := 0
	for _, w := range m {
		total += w
	}
	n := r.IntN(total)
	for a, w := range m {
		if n -= w; n < 0 {
			return action(a)
		}
	}
	return doGet
}

// converge is the bound D of the invariants: after the last fault and the last
// write, everything is right again.
const converge = 9 * time.Second

// End returns when clients stop.
func (p *Plan) End() time.Duration { return p.Heal + converge + time.Second }

// NewPlan draws the plan of a seed.
func NewPlan(seed uint64) *Plan {
	r := rand.New(rand.NewPCG(seed, actorPlan))
	p := &Plan{
		Seed:    seed,
		Nodes:   2 + r.IntN(4),
		Clients: 3,
		Keys:    1 + r.IntN(4),
		Think:   100,
		Heal:    20*time.Second + between(r, 0, 10_000),
		Mix:     Mix{doGet: 25, doLoad: 45, doSet: 20, doRemove: 7, doExpire: 3},
	}
	spread := []int{0, 100, 5_000, 14_000}[r.IntN(4)]
	for n := range p.Nodes {
		p.Skews = append(p.Skews, between(r, 0, 2*spread)-ms(spread))
		if r.IntN(3) == 0 {
			p.Tiny |= 1 << n
		}
	}
	p.Defaults = core.EntryOptions{TTL: time.Hour}
	if r.IntN(3) > 0 {
		p.Defaults.StaleTTL = 2 * time.Hour
	}
	for range r.IntN(7) {
		p.Faults = append(p.Faults, p.window(r, StoreError, StoreHang))
	}
	for range r.IntN(7) {
		p.Faults = append(p.Faults, p.window(r, BusError, BusShuffle))
	}
	p.prepare()
	return p
}

// window draws a fault of one of the kinds from lo to hi.
func (p *Plan) window(r *rand.Rand, lo, hi FaultKind) Fault {
	f := Fault{Kind: lo + FaultKind(r.IntN(int(hi-lo)+1)), Nodes: allNodes(p.Nodes), Peers: allNodes(p.Nodes), Percent: 100}
	f.From = between(r, 500, int(p.Heal.Milliseconds())-1000)
	f.To = min(f.From+between(r, 100, 10_000), p.Heal)
	if r.IntN(2) == 0 {
		f.Nodes = nodeSet(1 + r.IntN(1<<p.Nodes-1))
	}
	if r.IntN(2) == 0 {
		f.Peers = nodeSet(1 + r.IntN(1<<p.Nodes-1))
	}
	if r.IntN(2) == 0 {
		f.Percent = 10 + r.IntN(90)
	}
	switch f.Kind {
	case StoreSlow:
		f.Lo, f.Hi = 10, 20+r.IntN(1500)
	case BusSlow:
		f.Lo, f.Hi = 1, 20+r.IntN(10_000)
	case StoreError, StoreLost, StoreHang, BusDrop:
	}
	if f.Kind < BusError {
		f.Peers = 0
	}
	return f
}

// prepare fills in what follows from the rest.
func (p *Plan) prepare() {
	p.kinds = 0
	for _, f := range p.Faults {
		p.kinds |= 1 << f.Kind
	}
}

// memory returns the first level of a node.
func (p *Plan) memory(node int) core.MemoryLayer {
	if p.Tiny.has(node) {
		return newMemory(2)
	}
	return newMemory(1000)
}

// String returns the plan as a timetable.
func (p *Plan) String() string {
	s := fmt.Sprintf("seed %d: %d nodes, %d clients each, %d keys, skews %v, tiny memory on [%v], stale ttl %v, heal at %v\n",
		p.Seed, p.Nodes, p.Clients, p.Keys, p.Skews, p.Tiny, p.Defaults.StaleTTL, p.Heal)
	for _, f := range p.Faults {
		s += "  " + f.String() + "\n"
	}
	return s
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"bytes"
	"math/rand/v2"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherencetest"
)

// busKind is what the backplane of a run is able to do.
type busKind uint8

const (
	plainBus    busKind = iota
	replayBus           // hands over later what a node has missed while it was away
	mendingBus          // the same, and it subscribes again by itself
	trackingBus         // tells of every change in the store
	busKinds
)

var busKindNames = [busKinds]string{plainBus: "plain", replayBus: "replaying", mendingBus: "mending", trackingBus: "tracking"}

// String returns the name of the kind.
func (k busKind) String() string { return busKindNames[k] }

// keeps reports whether messages wait for a node that is away.
func (k busKind) keeps() bool { return k == replayBus || k == mendingBus }

// kinds draws what the layers are able to do. It has a generator of its own, so
// that the rest of a plan does not depend on it.
func (d *draw) kinds() {
	p, r := d.plan, rand.New(rand.NewPCG(d.plan.Seed, actorKinds))
	p.Bus = busKind(max(0, r.IntN(8)-4))
	if p.Bus.keeps() {
		p.trustTheBus(r)
	}
	p.Outlet = r.IntN(4) == 0
	p.Batch = r.IntN(2) == 0
	if r.IntN(16) == 0 {
		p.weaken(r)
	}
	if r.IntN(8) == 0 && p.Nodes > 2 {
		p.Crowd = 2
	}
	if r.IntN(4) == 0 {
		p.Locks, p.Defaults.NodeLock = true, between(r, 100, 2_000)
	}
	if !p.Weak && len(p.Faults) > 0 && r.IntN(2) == 0 {
		for range 1 + r.IntN(3) {
			p.Faults = append(p.Faults, d.window(StoreLate))
		}
	}
	p.Loose = p.Keys > 1 && r.IntN(10) == 3
	if !p.Weak && r.IntN(6) == 0 {
		p.Sealed, p.Defaults.Push = true, r.IntN(2) == 0
	}
}

// batches has an eighth of the plans make most of their operations on several keys, of a
// store that takes them at once.
func (d *draw) batches() {
	p, r := d.plan, d.rng
	if p.Keys > 1 && !p.Weak && r.IntN(8) == 0 {
		p.Batch, p.Loose, p.Many = true, true, true
	}
}

// turns has an eighth of the plans bound how many factories run at once.
func (d *draw) turns() {
	if p, r := d.plan, d.rng; r.IntN(8) == 0 {
		p.Running, p.Waiting = 1+r.IntN(2), r.IntN(4)
	}
}

// slowdown is how many times more slowly nodes beat at most, also after some have
// died and others have taken their places.
func (p *Plan) slowdown() int {
	if p.Crowd == 0 {
		return 1
	}
	return 4
}

// trustTheBus has subscriptions end where messages would be lost or garbled: a
// transport that promises to hand over what was missed loses nothing else.
func (p *Plan) trustTheBus(r *rand.Rand) {
	for i := range p.Faults {
		f := &p.Faults[i]
		switch f.Kind {
		case BusDrop, BusCut, BusShuffle, BusGarble, BusMute:
			f.Kind, f.Percent, f.Peers = BusDown, 100, 0
			f.Lossy = r.IntN(4) == 0
		}
	}
}

// weaken takes from the distributed layer the ability to arbitrate. What a late
// load puts there lasts as long as an entry does; so entries live for four seconds,
// by clocks that agree.
func (p *Plan) weaken(r *rand.Rand) {
	p.Weak = true
	p.Defaults.TTL = between(r, 500, weakTTL)
	if p.Defaults.StaleTTL > 0 {
		p.Defaults.StaleTTL = p.Defaults.TTL + between(r, 0, 5_000)
	}
	clear(p.Skews)
	p.Spread = 0
	for i := range p.Faults {
		if p.Faults[i].Kind == NodeClock {
			p.Faults[i].Kind = NodeForget
		}
	}
}

// weakTTL is how long an entry lives at most that no arbiter guards, in
// milliseconds.
const weakTTL = 4_000

// defaultStaleness is the bound S where there is no crowd.
const defaultStaleness = 6 * time.Second

// staleness is the bound S of the invariants: in a crowd, silence is noticed later.
func (p *Plan) staleness() time.Duration {
	return p.lag() + defaultStaleness + ms(2500)*time.Duration(p.slowdown()-1)
}

// settling is how long after the last fault and the last write everything is
// right again: the bound D of the invariants; where the layer is weak, the last
// load that began before and the life of what it has put there come on top.
func (p *Plan) settling() time.Duration {
	d := coherencetest.DefaultConvergence + p.staleness() - defaultStaleness
	if p.Weak {
		d += slowest + ms(weakTTL)
	}
	return d
}

// longest is how long an entry may live that a call gives a life of its own, in
// milliseconds.
func (p *Plan) longest() int {
	if p.Weak {
		return weakTTL
	}
	return 10_000
}

// layer returns the distributed layer of a node.
func (p *Plan) layer(n *port) core.DistributedLayer {
	switch {
	case p.Weak:
		return weakPort{n}
	case p.Batch:
		return batchPort{n}
	}
	return n
}

// locker returns the locks of a node, or nil.
func (p *Plan) locker(n *port) core.Locker {
	if p.Locks {
		return lockPort{n}
	}
	return nil
}

// messageKeys are the secrets of the nodes.
func (p *Plan) messageKeys() [][]byte {
	if p.Sealed {
		return [][]byte{bytes.Repeat([]byte("key"), 11)}
	}
	return nil
}

// backplane returns the backplane of a node.
func (p *Plan) backplane(b *plug) core.Backplane {
	if p.Outlet {
		return outletPlug{b}
	}
	return b
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

var errBus = errors.New("bus: injected error")

// bus is the backplane of a run.
type bus struct {
	world *world

	mu          sync.Mutex
	subscribers []*subscription // in the order in which they came
	parked      map[*node]*parcel
}

func newBus(w *world) *bus { return &bus{world: w, parked: make(map[*node]*parcel)} }

// plug is a node's connection to the bus. It implements core.Backplane.
type plug struct {
	bus  *bus
	node *node
	dice dice // guarded by the lock of the bus
}

var _ core.Backplane = (*plug)(nil)

// throw throws the dice for what happens now, on the way to a node.
func (p *plug) throw(now instant, to int) {
	p.dice.throw(p.bus.world.plan.Seed, actorPlug+p.node.actor(), uint64(now/tick), uint64(to))
}

func (p *plug) hangs(now instant) bool {
	p.bus.mu.Lock()
	defer p.bus.mu.Unlock()
	p.throw(now, maxNodes)
	return p.bus.world.plan.at(BusHang, p.node.index, now, p.dice.percent) != nil
}

// Publish implements core.Backplane.
func (p *plug) Publish(ctx context.Context, msg []byte) error {
	if p.node.dead.Load() {
		return errDead
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w := p.bus.world
	p.node.publishing.Add(1)
	defer p.node.publishing.Add(-1)
	lane, d := w.callLane(toPublish), instant(0)
	if p.hangs(w.now()) {
		d = time.Hour
	}
	err := w.sleep(ctx, lane, d)
	w.hold(p.node.index, lane)
	if err != nil {
		return err
	}
	if p.node.dead.Load() {
		return errDead
	}
	p.bus.mu.Lock()
	defer p.bus.mu.Unlock()
	now := w.now()
	p.throw(now, maxNodes)
	if w.plan.at(BusError, p.node.index, now, p.dice.percent) != nil || w.plan.at(BusDown, p.node.index, now, p.dice.percent) != nil {
		return errBus
	}
	p.spread(msg, now)
	return nil
}

// broadcast publishes a message from the server's side.
func (p *plug) broadcast(msg []byte) {
	p.bus.mu.Lock()
	defer p.bus.mu.Unlock()
	now := p.bus.world.now()
	p.throw(now, maxNodes)
	p.spread(msg, now)
}

// spread puts a message on its way to everybody. The lock of the bus is held.
func (p *plug) spread(msg []byte, now instant) {
	if w := p.bus.world; w.plan.Verbose {
		m, _ := w.plan.parse(msg)
		for part := range m.Parts() {
			w.note(p.node.index, "publish %v %s %v seq %d", part.Kind, part.Key, part.Version, part.Seq)
		}
	}
	for _, s := range p.bus.subscribers {
		p.send(s, slices.Clone(msg), now)
	}
	p.bus.keep(p, msg)
}

// send puts a message on its way to one subscriber. The lock of the bus is held.
func (p *plug) send(s *subscription, msg []byte, now instant) {
	plan, to := p.bus.world.plan, s.node.index
	p.throw(now, to)
	from := func(kind FaultKind) *Fault {
		f := plan.at(kind, to, now, p.dice.percent)
		if f == nil || !f.Peers.has(p.node.index) {
			return nil
		}
		return f
	}
	if from(BusCut) != nil || from(BusDrop) != nil || from(BusMute) != nil && p.bus.world.plan.isHeartbeat(msg) {
		return
	}
	if from(BusGarble) != nil {
		garble(p.dice, msg)
	}
	copies := 1
	if from(BusDouble) != nil {
		copies = 2
	}
	for range copies {
		d := between(p.dice, 0, 3)
		if f := from(BusSlow); f != nil {
			d = between(p.dice, f.Lo, f.Hi)
		}
		at := now - now%tick + d
		if from(BusShuffle) != nil {
			at += between(p.dice, 0, 50)
		} else {
			at = max(at, s.last[p.node.index])
			s.last[p.node.index] = at
		}
		s.after(at-now+now%tick, func() { s.deliver(p.node.index, msg) })
	}
}

// after has f called on a lane of its own.
func (s *subscription) after(d instant, f func()) {
	w := s.node.world
	time.AfterFunc(w.ahead(w.callLane(toDeliver), d), f)
}

// parse reads a message, behind its seal if it has one.
func (p *Plan) parse(msg []byte) (wire.Message, error) {
	seal, err := wire.NewSeal("sim", p.messageKeys()...)
	if err == nil {
		msg, err = seal.Open(msg)
	}
	if err != nil {
		return wire.Message{}, err
	}
	return wire.ParseMessage(msg)
}

func (p *Plan) isHeartbeat(msg []byte) bool {
	m, err := p.parse(msg)
	return err == nil && m.Kind == wire.MessageHeartbeat
}

// ears returns the present subscriptions.
func (b *bus) ears() []*subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.subscribers)
}

func (b *bus) drop(s *subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subscribers = slices.DeleteFunc(b.subscribers, func(x *subscription) bool { return x == s })
}

// cut ends the subscriptions of nodes. If the bus keeps messages, it does so from
// now on.
func (b *bus) cut(f *Fault) {
	for _, s := range b.ears() {
		if f.Nodes.has(s.node.index) {
			b.drop(s)
			b.park(s.node, f.Lossy)
			close(s.lost)
		}
	}
}

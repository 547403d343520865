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
}

// subscription is a node's ear.
type subscription struct {
	node *node
	to   core.Subscriber
	lost chan struct{} // closed when the bus drops it
	last map[int]instant

	mu   sync.Mutex // held while to is called
	over bool
}

func newBus(w *world) *bus { return &bus{world: w} }

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
	lane, d := w.callLane(), instant(0)
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
	if w.plan.Verbose {
		m, _ := wire.ParseMessage(msg)
		w.note(p.node.index, "publish %v %s %v seq %d", m.Kind, m.Key, m.Version, m.Seq)
	}
	for _, s := range p.bus.subscribers {
		p.send(s, slices.Clone(msg), now)
	}
	return nil
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
	if from(BusCut) != nil || from(BusDrop) != nil {
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
		lane := p.bus.world.callLane()
		time.AfterFunc(p.bus.world.ahead(lane, at-now+now%tick), func() { s.deliver(p.node.index, msg) })
	}
}

// deliver hands a message over; a paused node takes it when the pause is over.
func (s *subscription) deliver(from int, msg []byte) {
	if w := s.node.world; w.plan.at(NodePause, s.node.index, w.now(), always) != nil {
		w.hold(s.node.index, w.now()%tick)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over && !s.node.dead.Load() {
		s.node.heard[from].Store(int64(s.node.world.now()))
		if w := s.node.world; w.plan.Verbose {
			m, _ := wire.ParseMessage(msg)
			w.note(s.node.index, "hears %v %s %v seq %d", m.Kind, m.Key, m.Version, m.Seq)
		}
		s.to.Message(msg)
	}
}

// ears returns the present subscriptions.
func (b *bus) ears() []*subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.subscribers)
}

// Subscribe implements core.Backplane.
func (p *plug) Subscribe(ctx context.Context, to core.Subscriber) error {
	w := p.bus.world
	if err := w.sleep(ctx, subscriberLane(p.node.index), 0); err != nil {
		return err
	}
	if p.node.dead.Load() || w.plan.at(BusDown, p.node.index, w.now(), always) != nil {
		return errBus
	}
	s := &subscription{node: p.node, to: to, lost: make(chan struct{}), last: make(map[int]instant)}
	s.mu.Lock()
	p.bus.add(s)
	to.Joined(false)
	s.mu.Unlock()
	var err error
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case <-s.lost:
		err = errBus
	}
	p.bus.drop(s)
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	return err
}

func (b *bus) add(s *subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subscribers = append(b.subscribers, s)
}

func (b *bus) drop(s *subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subscribers = slices.DeleteFunc(b.subscribers, func(x *subscription) bool { return x == s })
}

// cut ends the subscriptions of nodes.
func (b *bus) cut(nodes nodeSet) {
	for _, s := range b.ears() {
		if nodes.has(s.node.index) {
			b.drop(s)
			close(s.lost)
		}
	}
}

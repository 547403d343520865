// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"slices"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// subscription is a node's ear.
type subscription struct {
	node *node
	to   core.Subscriber
	lost chan struct{}     // closed when the bus drops it
	last [maxNodes]instant // by node: when the last message of it comes; guarded by the bus

	mu   sync.Mutex // held while to is called
	over bool
}

// Subscribe implements core.Backplane.
func (p *plug) Subscribe(ctx context.Context, to core.Subscriber) error {
	for {
		err := p.subscribe(ctx, to)
		if ctx.Err() != nil || p.node.dead.Load() || p.bus.world.plan.Bus != mendingBus {
			return err
		}
		if err := p.bus.world.sleep(ctx, subscriberLane(p.node.index), ms(50)); err != nil {
			return err
		}
	}
}

func (p *plug) subscribe(ctx context.Context, to core.Subscriber) error {
	w := p.bus.world
	if err := w.sleep(ctx, subscriberLane(p.node.index), 0); err != nil {
		return err
	}
	if p.node.dead.Load() || w.plan.at(BusDown, p.node.index, w.now(), always) != nil {
		return errBus
	}
	s := &subscription{node: p.node, to: to, lost: make(chan struct{})}
	s.mu.Lock()
	missed, gapless := p.bus.add(s)
	w.note(p.node.index, "joins, gapless %t, %d messages", gapless, len(missed))
	to.Joined(gapless)
	if !gapless {
		w.rec.rejoins.joined(p.node.index, w.now())
	}
	s.catchUp(missed)
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

// call tells the subscriber something, unless it is not there any more; a paused
// node hears it when the pause is over.
func (s *subscription) call(tell func()) {
	w := s.node.world
	w.hold(s.node.index, w.now()%tick)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over && !s.node.dead.Load() {
		tell()
	}
}

// deliver hands a message over.
func (s *subscription) deliver(from int, msg []byte) {
	s.call(func() {
		w := s.node.world
		s.node.heard[from].Store(int64(w.now()))
		if w.plan.Verbose {
			m, _ := w.plan.parse(msg)
			for part := range m.Parts() {
				w.note(s.node.index, "hears %v %s %v seq %d", part.Kind, part.Key, part.Version, part.Seq)
			}
		}
		s.to.Message(msg)
	})
}

// catchUp hands over what was missed, in order, eight messages in a millisecond.
func (s *subscription) catchUp(missed []letter) {
	now := s.node.world.now()
	for i, l := range missed {
		s.after(now%tick+ms(i/8), func() { s.deliver(l.from, l.msg) })
	}
}

// add notes a subscription and returns what its node has missed, and whether that
// is all.
func (b *bus) add(s *subscription) (missed []letter, gapless bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subscribers = append(b.subscribers, s)
	p := b.parked[s.node]
	delete(b.parked, s.node)
	if p == nil || p.lossy {
		return nil, false
	}
	now := b.world.now()
	for from := range s.last {
		s.last[from] = now - now%tick + ms(len(p.letters)/8+2) // what is new comes behind
	}
	return p.letters, true
}

// parcel is what is kept for a node that is away.
type parcel struct {
	lossy   bool // some of it is lost
	letters []letter
}

type letter struct {
	from int
	msg  []byte
}

// park begins to keep messages for a node, if the bus does that.
func (b *bus) park(n *node, lossy bool) {
	if !b.world.plan.Bus.keeps() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parked[n] = &parcel{lossy: lossy}
}

// keep keeps a message for those who are away. The lock is held.
func (b *bus) keep(p *plug, msg []byte) {
	for _, parcel := range b.parked {
		parcel.letters = append(parcel.letters, letter{p.node.index, slices.Clone(msg)})
	}
}

// changed tells everybody that a key in the store has changed; any, if it is "".
func (b *bus) changed(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.subscribers {
		keys, ok := s.to.(core.KeySubscriber)
		if !ok {
			continue
		}
		s.after(ms(1), func() {
			s.call(func() {
				if key == "" {
					s.to.Joined(false)
					return
				}
				keys.Changed(key)
			})
		})
	}
}

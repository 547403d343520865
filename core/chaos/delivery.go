// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// maxWaiting bounds the messages of one subscription that are held back.
const maxWaiting = 1024

// delivery stands between a subscription and its subscriber: it takes messages as
// they come, and hands them on when the plan says so.
type delivery struct {
	plan *Plan
	to   core.Subscriber
	keys core.KeySubscriber // to, if it hears of keys
	wake chan struct{}      // the queue has changed

	mu       sync.Mutex
	queue    []parcel // in the order of arrival
	lost     bool     // a message, since the last Joined
	overflow bool     // a Joined(false) waits that stands for all that does not fit
}

// parcel is a message, a changed key, or a Joined.
type parcel struct {
	due     time.Time
	msg     []byte
	key     string
	keyed   bool
	behind  bool // due, too, when another message was delivered
	joined  bool
	gapless bool
}

func newDelivery(plan *Plan, to core.Subscriber) *delivery {
	keys, _ := to.(core.KeySubscriber)
	return &delivery{plan: plan, to: to, keys: keys, wake: make(chan struct{}, 1)}
}

// Joined is called by the subscription.
func (d *delivery) Joined(gapless bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.push(parcel{due: time.Now(), joined: true, gapless: gapless && !d.lost})
	d.lost = false
}

// Message is called by the subscription.
func (d *delivery) Message(msg []byte) {
	dice := d.plan.roll(message)
	met := dice.ofMessage()
	msg = slices.Clone(msg)
	if dice.garbles() {
		msg = dice.garbled(msg)
	}
	d.arrive(dice, met, parcel{msg: msg})
}

// keyDelivery is a delivery to a subscriber that hears of single keys. They meet
// the faults of messages, but Garble, which has no bytes to change.
type keyDelivery struct{ *delivery }

// Changed is called by the subscription.
func (d keyDelivery) Changed(key string) {
	dice := d.plan.roll(message)
	d.arrive(dice, dice.ofMessage(), parcel{key: key, keyed: true})
}

// arrive puts p into the queue as often, and for as long, as the dice say.
func (d *delivery) arrive(dice dice, met fault, p parcel) {
	copies := 1
	switch met {
	case drop:
		copies = 0
	case duplicate:
		copies = 2
	}
	if met != none {
		dice.count()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lost = d.lost || copies == 0
	for range copies {
		p.due = time.Now().Add(dice.delay())
		if met == reorder {
			p.due, p.behind = time.Now().Add(dice.MaxDelay), true
		}
		d.push(p)
	}
}

func (d *delivery) push(p parcel) {
	if len(d.queue) >= maxWaiting && !p.joined {
		d.lost = true
		if d.overflow {
			return
		}
		d.overflow = true
		p = parcel{due: time.Now(), joined: true}
	}
	d.queue = append(d.queue, p)
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// run delivers until ctx ends.
func (d *delivery) run(ctx context.Context) {
	for {
		p, pause := d.next()
		if ctx.Err() != nil {
			return
		}
		switch {
		case pause != 0:
			if !d.sleep(ctx, pause) {
				return
			}
		case p.joined:
			d.to.Joined(p.gapless)
		case p.keyed:
			d.keys.Changed(p.key)
		default:
			d.to.Message(p.msg)
		}
	}
}

// forEver is the pause before a change of the queue.
const forEver time.Duration = -1

// next takes the first parcel that is due from the queue, or returns how long
// to wait for one.
func (d *delivery) next() (p parcel, pause time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := -1
	for i := range d.queue {
		if first < 0 || d.queue[i].due.Before(d.queue[first].due) {
			first = i
		}
	}
	if first < 0 {
		return p, forEver
	}
	p = d.queue[first]
	if early := time.Until(p.due); early > 0 {
		return p, early
	}
	d.queue = slices.Delete(d.queue, first, first+1)
	d.overflow = d.overflow && !p.joined
	if !p.joined && !p.behind {
		d.release(p.due)
	}
	return p, 0
}

// release makes those due that waited for another message.
func (d *delivery) release(now time.Time) {
	for i := range d.queue {
		if d.queue[i].behind {
			d.queue[i].due, d.queue[i].behind = now, false
		}
	}
}

// sleep waits for the pause to end or the queue to change, and reports whether
// ctx goes on.
func (d *delivery) sleep(ctx context.Context, pause time.Duration) bool {
	var due <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
	case <-d.wake:
	case <-ctx.Done():
		return false
	}
	return true
}

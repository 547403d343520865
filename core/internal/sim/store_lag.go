// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import "time"

// lags draws the windows in which reads are answered by a replica that lags.
func (d *draw) lags() {
	p, r := d.plan, d.rng
	if p.Weak || len(p.Faults) == 0 || r.IntN(4) != 0 {
		return
	}
	for range 1 + r.IntN(3) {
		p.Faults = append(p.Faults, d.window(StoreLag))
	}
	if r.IntN(2) == 0 {
		d.lagsAtTheEnd()
	}
}

// lagsAtTheEnd has the store lag when writers stop, and a node miss messages just
// before. It hears itself, nobody clears everything, and no call asks for anything
// special, such as not to read memory: so nothing but a second look makes good what the
// node then reads.
func (d *draw) lagsAtTheEnd() {
	p, r := d.plan, d.rng
	f := d.window(StoreLag)
	f.From, f.To = p.Heal-between(r, 0, 3_000), p.Heal+between(r, 0, maxLag)
	f.Percent, f.Hi = 100, maxLag
	p.Faults = append(p.Faults, f)
	p.Mix[doClear], p.Mix[doExpireAll], p.Plain = 0, 0, true
	if p.Bus.keeps() {
		return
	}
	f = d.window(BusDrop)
	f.From, f.To = p.Heal-between(r, 0, 2_000), p.Heal
	f.Nodes, f.Percent = 1<<r.IntN(p.Nodes), 100
	f.Peers = allNodes(p.Nodes) &^ f.Nodes
	p.Faults = append(p.Faults, f)
}

// maxLag is the most that the store lags, in milliseconds.
const maxLag = 5_000

// lag is how far the answers of the store may be behind what was written.
func (p *Plan) lag() time.Duration {
	if p.kinds>>StoreLag&1 == 0 {
		return 0
	}
	return ms(maxLag)
}

// read returns what the store answers a node that asks for key: that may be what was
// there a while ago.
func (p *port) read(key string) ([]byte, bool) {
	now := p.store.world.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.store.world.plan.at(StoreLag, p.node.index, now, p.dice.percent); f != nil {
		now -= between(p.dice, f.Lo, f.Hi)
	}
	return p.store.getAt(key, now)
}

// past is what was under each key before, as far back as a replica may lag: the oldest
// first.
type past map[string][]former

// former is what was under a key until a moment; the zero item for nothing.
type former struct {
	item
	until instant
}

// keep notes what is under a key and will not be any more.
func (p past) keep(key string, before item, now instant) {
	list := p[key]
	for len(list) > 0 && list[0].until < now-ms(maxLag) {
		list = list[1:]
	}
	p[key] = append(list, former{before, now})
}

// forget forgets what was under a key. What a store loses by itself, its replicas lose
// with it: otherwise they would go on showing it, and the order of what comes next would
// be known to nobody.
func (p past) forget(key string) { delete(p, key) }

// at returns what was under a key at a moment; ok is false if it is what is there now.
func (p past) at(key string, moment instant) (it item, ok bool) {
	for _, f := range p[key] {
		if moment < f.until {
			return f.item, true
		}
	}
	return it, false
}

// become puts an item under a key; the zero item for nothing. The lock is held.
func (s *store) become(key string, it item) {
	if s.world.plan.lag() > 0 {
		s.past.keep(key, s.items[key], s.world.now())
	}
	if it.data == nil {
		delete(s.items, key)
		return
	}
	s.items[key] = it
}

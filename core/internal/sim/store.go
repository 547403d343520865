// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

var (
	errStore = errors.New("store: injected error")
	errDead  = errors.New("the node is dead")
)

// store is the distributed layer of a run: a map under a lock.
type store struct {
	world *world
	bus   *bus

	calls atomic.Int64
	mu    sync.Mutex
	items map[string]item
	past  past
	locks locks
}

type item struct {
	data []byte
	end  instant
}

func newStore(w *world, b *bus) *store {
	return &store{world: w, bus: b, items: make(map[string]item), past: make(past), locks: locks{held: make(map[string]held)}}
}

// get returns what is stored for key now. The bytes are never changed.
func (s *store) get(key string) ([]byte, bool) { return s.getAt(key, s.world.now()) }

// getAt returns what was stored for key at a moment not longer than maxLag ago. Lives end
// on time, as those of a replica of Redis do: otherwise that would show what no write
// has been lifted over, as the store had nothing any more.
func (s *store) getAt(key string, at instant) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it, ok := s.past.at(key, at)
	if !ok {
		it = s.items[key]
	}
	if s.world.now() >= it.end {
		return nil, false
	}
	return it.data, true
}

func (s *store) set(key string, data []byte, ttl time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, data, ttl)
	s.noteWeak(key, data)
	s.changed(key)
}

func (s *store) put(key string, data []byte, ttl time.Duration) {
	end := s.world.now() + ttl
	if end < 0 {
		end = instant(core.Forever)
	}
	s.become(key, item{data: slices.Clone(data), end: end})
}

func (s *store) remove(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.become(key, item{})
	s.changed(key)
}

// changed has the bus tell of a change, if it is one that knows. The lock is held.
func (s *store) changed(key string) {
	if s.world.plan.Bus == trackingBus {
		s.bus.changed(key)
	}
}

// noteWeak notes what is stored without arbitration.
func (s *store) noteWeak(key string, data []byte) {
	if v, ok := valueIn(data); ok && s.world.plan.Weak {
		if _, entry := keyAt(key); entry {
			s.world.rec.Stored(v, s.world.now())
		}
	}
}

func (s *store) arbitrate(p *port, key string, w core.Write) core.Ruling {
	s.mu.Lock()
	defer s.mu.Unlock()
	var current []byte
	if it, ok := s.items[key]; ok && s.world.now() < it.end {
		current = it.data
	}
	d := w.Decide(current)
	if lies := s.world.plan.sabotage; lies != nil && w.Mode == core.Force && lies(s.world.plan, s.world.now()) {
		d.Store = false
	}
	if d.Store {
		s.world.rec.checkStored(key, current, d.Data)
		s.put(key, d.Data, d.TTL)
	}
	s.world.rec.checkRuling(key, current, w, d.Ruling)
	if d.Store {
		d.Told = p.notice(w.Notice)
		s.changed(key)
	}
	return d.Ruling
}

// port is a node's connection to the store. It implements core.DistributedLayer
// and core.Arbiter.
type port struct {
	store *store
	node  *node

	writes, writing atomic.Int64 // calls that write, and those of them under way
	failing, failed atomic.Int64 // calls that are about to fail, or take long; when the last one has ended
	mu              sync.Mutex
	dice            dice
	under           map[string]int // by key: calls under way
}

// busy reports whether a call for a key, or for a mark, or a publication is under
// way.
func (p *port) busy(key string) bool {
	if p.node.publishing.Load() > 0 {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.under[key] > 0 || p.under[anyMark] > 0
}

// begin notes a call for a key, end its end.
func (p *port) begin(key string) { p.count(key, 1) }
func (p *port) end(key string)   { p.count(key, -1) }

func (p *port) count(key string, by int) {
	if _, entry := keyAt(key); !entry {
		key = anyMark
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.under[key] += by
}

// anyMark stands for all marks.
const anyMark = "mark"

var (
	_ core.DistributedLayer = (*port)(nil)
	_ core.Arbiter          = (*port)(nil)
)

// trip is what the way to the store and back holds for one call.
type trip struct {
	out, back instant
	refused   bool // an error before anything was done
	lost      bool // an error after it
	hang      bool
	late      instant // how long after it was given up a write is done; 0: never
}

// failing reports whether the node may have done without an answer.
func (t trip) failing() bool { return t.hang || t.refused || t.out+t.back > quick }

// quick is the longest trip to a store that works.
const quick = 4 * tick

// throw throws the dice for a call.
func (p *port) throw(now instant, key string, write bool) {
	about := uint64(len(key))<<8 | uint64(key[len(key)-1])
	if write {
		about |= 1 << 32
	}
	p.dice.throw(p.store.world.plan.Seed, actorPort+p.node.actor(), uint64(now/tick), about)
}

// plan draws what happens to a call.
func (p *port) plan(key string, write bool) (t trip) {
	p.mu.Lock()
	defer p.mu.Unlock()
	plan, now, node := p.store.world.plan, p.store.world.now(), p.node.index
	p.throw(now, key, write)
	t.out, t.back = between(p.dice, 0, 2), between(p.dice, 0, 2)
	if f := plan.at(StoreSlow, node, now, p.dice.percent); f != nil {
		t.out, t.back = between(p.dice, f.Lo/2, f.Hi/2), between(p.dice, f.Lo/2, f.Hi/2)
	}
	t.hang = plan.at(StoreHang, node, now, p.dice.percent) != nil
	if write && plan.at(StoreLate, node, now, p.dice.percent) != nil {
		t.hang, t.late = true, between(p.dice, 10, 3000)
	}
	t.refused = plan.at(StoreError, node, now, p.dice.percent) != nil
	t.lost = write && plan.at(StoreLost, node, now, p.dice.percent) != nil
	return t
}

// tripOf says what a call of the store is for.
func tripOf(write bool) call {
	if write {
		return toWrite
	}
	return toRead
}

// call takes work to the store and back. writes are what it writes, if that can be
// late.
func (p *port) call(ctx context.Context, key string, write bool, writes []core.KeyWrite, work func() string) (err error) {
	p.store.calls.Add(1)
	p.begin(key)
	defer p.end(key)
	if write {
		p.writing.Add(1)
		defer p.writing.Add(-1)
	}
	what := "nothing"
	if p.store.world.plan.Verbose {
		p.store.world.note(p.node.index, "call")
		defer func() { p.store.world.note(p.node.index, "store %s, %v", what, err) }()
	}
	if p.node.dead.Load() {
		return errDead
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w := p.store.world
	lane := w.callLane(tripOf(write))
	t := p.plan(key, write)
	if t.hang {
		t.out = time.Hour
	}
	if t.failing() {
		p.failing.Add(1)
		defer func() {
			p.failed.Store(int64(w.now()))
			p.failing.Add(-1)
		}()
	}
	err = w.sleep(ctx, lane, t.out)
	w.hold(p.node.index, lane)
	if err != nil {
		if t.late > 0 {
			p.straggle(writes, t.late)
		}
		return err
	}
	switch {
	case p.node.dead.Load():
		return errDead
	case t.refused:
		return errStore
	}
	what = work()
	if t.back > 0 {
		err = w.sleep(ctx, lane, t.back)
		w.hold(p.node.index, lane)
		if err != nil {
			return err
		}
	}
	switch {
	case p.node.dead.Load():
		return errDead
	case t.lost:
		return errStore
	}
	return nil
}

// unanswered reports whether a call has failed since a moment, or is about to.
func (p *port) unanswered(since instant) bool {
	return p.failing.Load() > 0 || p.failed.Load() >= int64(since)
}

var modeNames = [...]string{core.Force: "force", core.Fill: "fill", core.Replay: "replay"}

// says describes a call for a timeline.
func (s *store) says(what, key string, data []byte) string {
	if !s.world.plan.Verbose {
		return ""
	}
	text := what + " " + key
	if h, err := core.ParseHeader(data); err == nil {
		text += fmt.Sprintf(" %v %v", h.Kind, h.Version)
	}
	if v, ok := valueIn(data); ok && !strings.Contains(key, ":m:") {
		text += fmt.Sprintf(" v%d", v.Version)
	}
	return text
}

// Get implements core.DistributedLayer.
func (p *port) Get(ctx context.Context, key string) (data []byte, ok bool, err error) {
	err = p.call(ctx, key, false, nil, func() string {
		data, ok = p.read(key)
		return p.store.says("get", key, data)
	})
	if err != nil {
		return nil, false, err
	}
	return p.garbled(data), ok, nil
}

// garbled returns a copy of a reply, wrong if it is to be.
func (p *port) garbled(data []byte) []byte {
	data = slices.Clone(data)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.store.world.plan.at(StoreGarble, p.node.index, p.store.world.now(), p.dice.percent) != nil {
		garble(p.dice, data)
	}
	return data
}

// Set implements core.DistributedLayer.
func (p *port) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	return p.call(ctx, key, true, nil, func() string {
		p.store.set(key, data, ttl)
		return p.store.says("set", key, data)
	})
}

// Delete implements core.DistributedLayer.
func (p *port) Delete(ctx context.Context, key string) error {
	return p.call(ctx, key, true, nil, func() string {
		p.store.remove(key)
		return p.store.says("delete", key, nil)
	})
}

// Arbitrate implements core.Arbiter.
func (p *port) Arbitrate(ctx context.Context, key string, w core.Write) (r core.Ruling, err error) {
	p.writes.Add(1)
	err = p.call(ctx, key, true, []core.KeyWrite{{Key: key, Write: w}}, func() string {
		r = p.store.arbitrate(p, key, w)
		if !p.store.world.plan.Verbose {
			return ""
		}
		return fmt.Sprintf("%s, stored %t, header %v", p.store.says(modeNames[w.Mode], key, w.Data), r.Stored, r.Header)
	})
	if err != nil {
		return core.Ruling{}, err
	}
	return r, nil
}

// ReadHeader implements core.Arbiter.
func (p *port) ReadHeader(ctx context.Context, key string) (header []byte, ok bool, err error) {
	data, ok, err := p.Get(ctx, key)
	return data[:min(len(data), core.HeaderSize)], ok, err
}

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
	Tags     int
	Think    int             // mean pause of a client between operations, in milliseconds
	Heal     time.Duration   // when writers stop; no fault lasts longer
	Skews    []time.Duration // of the nodes' wall clocks
	Spread   time.Duration   // the most that two of them differ by
	Tiny     nodeSet         // nodes whose memory holds two entries only
	Bytes    nodeSet         // nodes whose memory holds bytes
	Queue    int             // keys that a node owes at most
	Turnless bool            // writers of one key do not wait for each other
	Bus      busKind
	Outlet   bool // the store publishes for the bus
	Batch    bool // the store takes many keys at once
	Locks    bool // the nodes share locks
	Weak     bool // the store does not arbitrate
	Loose    bool // operations on several keys at once, whose order among each other is not that of the seed
	Sealed   bool // messages are authentic, so values and lives can go along; the source says what it has not modified
	Many     bool // most operations are such
	Plain    bool // calls have no options
	Running  int  // factories that run at once on a node; 0: any number
	Waiting  int  // loads that wait for one of those to end
	Crowd    int  // nodes that beat without slowing down; 0: as many as ever there are
	Mix      Mix
	Defaults core.EntryOptions
	Faults   []Fault
	Verbose  bool // note every call and message

	// What is left out: clients that do nothing, a bit for each, and operations, by
	// their serials.
	Mute    uint64
	Without map[uint32]bool

	kinds    uint64                          // set of the kinds of faults there are
	sabotage func(p *Plan, now instant) bool // of tests: whether the store loses what it says it has stored
}

// maxKeys is the most keys that a plan has, maxSkew how far its clocks are from
// the right time at most, in milliseconds.
const (
	maxKeys = 8
	maxSkew = 14_000
)

// longestThrottle is how long a throttle window lasts at most, in milliseconds.
const longestThrottle = 2_000

var (
	keyNames = [maxKeys]string{"k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"}
	tagNames = [...]string{"t0", "t1", "t2"}
)

// tagged says which keys have a tag: a bit for each, so that some have none, some
// one and some two.
var tagged = [len(tagNames)]keySet{0b01100101, 0b00001110, 0b10010100}

// keysOf returns the keys that have a tag.
func (p *Plan) keysOf(tag int) keySet { return tagged[tag] & (1<<p.Keys - 1) }

// tagsOf returns the tags of a key.
func (p *Plan) tagsOf(key int) (tags []string) {
	for t := range p.Tags {
		if tagged[t].has(key) {
			tags = append(tags, tagNames[t])
		}
	}
	return tags
}

// Mix holds the weights of the actions.
type Mix [actions]int

func (m *Mix) pick(r dice) action {
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

// End returns when clients stop.
func (p *Plan) End() time.Duration { return p.Heal + p.settling() + time.Second }

// draw makes a plan.
type draw struct {
	plan *Plan
	rng  *rand.Rand
}

// NewPlan draws the plan of a seed.
func NewPlan(seed uint64) *Plan { return newPlan(seed, true) }

// newPlan draws a plan; without news, as plans were before the store lagged.
func newPlan(seed uint64, news bool) *Plan {
	d := &draw{plan: &Plan{Seed: seed}, rng: rand.New(rand.NewPCG(seed, actorPlan))}
	d.shape()
	d.clocks()
	d.defaults()
	d.faults()
	d.kinds()
	if news {
		d.rng = rand.New(rand.NewPCG(seed, actorNews))
		d.lags()
		d.batches()
		d.rng = rand.New(rand.NewPCG(seed, actorTurns))
		d.turns()
	}
	d.plan.prepare()
	return d.plan
}

func (d *draw) shape() {
	p, r := d.plan, d.rng
	p.Nodes, p.Clients, p.Keys, p.Tags = 2+r.IntN(4), 3, 1+r.IntN(4), r.IntN(len(tagNames)+1)
	if r.IntN(4) == 0 {
		p.Keys = maxKeys
	}
	p.Think = 100
	p.Heal = 20*time.Second + between(r, 0, 10_000)
	p.Mix = Mix{doGet: 25, doLoad: 45, doSet: 20, doRemove: 7, doExpire: 3}
	if p.Tags > 0 {
		p.Mix[doRemoveTag], p.Mix[doExpireTag] = 3, 3
	}
	switch r.IntN(4) {
	case 0, 1:
		p.Mix[doClear], p.Mix[doExpireAll] = 2, 2
	case 2:
		p.Mix[doClear], p.Mix[doExpireAll] = 6, 6
		p.Mix[doRemoveTag], p.Mix[doExpireTag] = 2*p.Mix[doRemoveTag], 2*p.Mix[doExpireTag]
	}
	if r.IntN(8) == 0 {
		p.Queue = 1
	}
	p.Turnless = r.IntN(16) == 0
}

func (d *draw) clocks() {
	p, r := d.plan, d.rng
	spread := []int{0, 100, 5_000, maxSkew}[r.IntN(4)]
	p.Spread = 2 * ms(spread)
	for n := range p.Nodes {
		p.Skews = append(p.Skews, between(r, 0, 2*spread)-ms(spread))
		if r.IntN(3) == 0 {
			p.Tiny |= 1 << n
		}
		if r.IntN(4) == 0 {
			p.Bytes |= 1 << n
		}
	}
}

func (d *draw) defaults() {
	o, r := &d.plan.Defaults, d.rng
	o.TTL = time.Hour
	if r.IntN(4) == 0 {
		o.TTL = between(r, 500, 5_000)
	}
	switch r.IntN(3) {
	case 0:
		o.StaleTTL = 2 * time.Hour
	case 1:
		if o.TTL < time.Hour {
			o.StaleTTL = o.TTL + between(r, 0, 5_000)
		}
	}
	if o.StaleTTL > 0 {
		o.Throttle = between(r, 100, longestThrottle)
		o.MaxCycles = r.IntN(4)
	}
	o.BackgroundWrites = r.IntN(16) == 0
}

// faults draws up to six windows for the store, as many for the bus, and a few
// for the rest; some plans have none.
func (d *draw) faults() {
	p, r := d.plan, d.rng
	several := func(most int, lo, hi FaultKind) {
		for range r.IntN(most + 1) {
			p.Faults = append(p.Faults, d.window(lo+FaultKind(r.IntN(int(hi-lo)+1))))
		}
	}
	switch r.IntN(16) {
	case 0:
		return
	case 1:
		p.Heal += 5 * time.Second
	}
	several(6, StoreError, StoreHang)
	several(6, BusError, BusHang)
	several(2, NodePause, SourceDown)
	if r.IntN(2) == 0 {
		several(4, StoreGarble, StoreForeign)
	}
}

// prepare fills in what follows from the rest.
func (p *Plan) prepare() {
	p.kinds = 0
	for _, f := range p.Faults {
		p.kinds |= 1 << f.Kind
		if f.Kind == NodeClock {
			p.Spread = 2 * ms(maxSkew)
		}
	}
}

// windows reports whether clients may ask for stale answers within a window after
// the life of an entry: where that is so long that it does not end, no such answer
// would be too old.
func (p *Plan) windows() bool { return p.Defaults.TTL < time.Hour }

// reserve is how long after it was made a value may be served as stale. One whose
// life has not ended is, when nobody can be asked whether it still is the latest.
func (p *Plan) reserve() time.Duration {
	life := max(p.Defaults.TTL, ms(p.longest()))
	if p.windows() {
		life += ms(window)
	}
	return max(p.Defaults.StaleTTL, safeFor, life)
}

// ends returns when the store forgets what a set writes that begins at a moment.
func (p *Plan) ends(from instant, opts []core.Option) instant {
	o := core.Resolve(p.Defaults, opts).WithDefaults()
	return from + o.DistributedMeta(o.Meta(0, 0), 0).Dead.Sub(0)
}

// memory returns the first level of a node.
func (p *Plan) memory(node int) core.MemoryLayer {
	limit := 1000
	if p.Tiny.has(node) {
		limit = 2
	}
	if p.Bytes.has(node) {
		return byteMemory{newMemory(limit)}
	}
	return newMemory(limit)
}

// String returns the plan as a timetable.
func (p *Plan) String() string {
	s := fmt.Sprintf("seed %d: %d nodes, %d clients each, %d keys, %d tags, skews %v, tiny memory on [%v], of bytes on [%v], queue %d, turnless %t, %v bus, outlet %t, batch %t, locks %t, weak %t, loose %t, many %t, sealed %t, plain %t, running %d, waiting %d, crowd %d, heal at %v\n",
		p.Seed, p.Nodes, p.Clients, p.Keys, p.Tags, p.Skews, p.Tiny, p.Bytes, p.Queue, p.Turnless, p.Bus, p.Outlet, p.Batch, p.Locks, p.Weak, p.Loose, p.Many, p.Sealed, p.Plain, p.Running, p.Waiting, p.Crowd, p.Heal)
	o := p.Defaults
	s += fmt.Sprintf("  ttl %v, stale ttl %v, throttle %v, cycles %d, background %t, push %t\n", o.TTL, o.StaleTTL, o.Throttle, o.MaxCycles, o.BackgroundWrites, o.Push)
	for _, f := range p.Faults {
		s += "  " + f.String() + "\n"
	}
	return s
}

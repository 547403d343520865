// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"slices"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherencetest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// client asks and writes at random on one node, until the run is over.
type client struct {
	run   *run
	index int
	node  int
	lane  instant
	dice  dice
	count uint64 // operations so far

	pending int // writes that have gone on in the background, as a lane
}

// live does one operation after another.
func (c *client) live(ctx context.Context) {
	w, p := c.run.world, c.run.plan
	for {
		c.count++
		c.dice.throw(p.Seed, actorClient+uint64(c.index), c.count)
		_ = w.sleep(ctx, c.lane, between(c.dice, 1, 2*p.Think))
		if w.now() > p.End() {
			return
		}
		w.hold(c.node, c.lane)
		c.step(ctx)
		w.settle(c.lane)
	}
}

// step does one operation.
func (c *client) step(ctx context.Context) {
	w, p := c.run.world, c.run.plan
	o := &op{serial: serial(c.index, c.count), lane: c.lane}
	o.Action, o.Client, o.Node, o.Key = p.Mix.pick(c.dice), c.index, c.node, c.dice.IntN(p.Keys)
	if w.now() > p.Heal && o.Action.Writes() {
		o.Action = doLoad
	}
	if !p.Plain {
		o.choice = choose(c.dice, o.Action, p.windows())
	}
	c.loosen(o)
	if p.Verbose {
		o.Detail = o.choice
	}
	if p.Without[o.serial] || p.Mute>>c.index&1 != 0 {
		return
	}
	if o.Action.Writes() {
		c.aim(o)
		c.run.source.take(o.all())
		w.settle(c.lane)
	}
	n := c.run.nodes[c.node].Load()
	o.Life = n.life
	c.attempt(ctx, n, o)
	w.settle(c.lane)
	for _, other := range o.others {
		other.answered(o)
	}
	for _, part := range o.parts() {
		if n.dead.Load() {
			part.Status, part.Lost = coherencetest.Failed, true
		}
		w.rec.add(part)
	}
	if o.Action.Writes() {
		c.release(ctx, n, o)
	}
}

// attempt makes the call with a patience of its own.
func (c *client) attempt(ctx context.Context, n *node, o *op) {
	w := c.run.world
	own, cancel := c.patience(o.context(ctx), o)
	defer cancel()
	if end, ok := own.Deadline(); ok {
		o.Deadline = end.Sub(w.start)
	}
	if o.choice&many != 0 && (o.Action == doGet || o.Action == doLoad) {
		c.widen(o)
	}
	for _, part := range o.parts() {
		part.Life, part.Deadline, part.Detail = o.Life, o.Deadline, o.Detail
		part.began = n.conditions(part)
	}
	o.From = w.now()
	c.do(own, n, o)
	o.To = w.now()
	o.unanswered = n.port.unanswered(o.From - core.DefaultDistributedTimeout)
	w.rec.checkIsolation(own, n, o)
}

// aim draws what a write is about.
func (c *client) aim(o *op) {
	p := c.run.plan
	o.keys = 1 << o.Key
	switch {
	case o.Action == doClear || o.Action == doExpireAll:
		o.keys = 1<<p.Keys - 1
	case marks(o.Action):
		o.tag = c.dice.IntN(p.Tags)
		o.keys = p.keysOf(o.tag)
	case p.Loose && o.choice&many != 0:
		c.widen(o)
	}
}

// release gives the turns of a write back. A write that goes on in the background
// keeps them until the node is done with the key: else the next one might come
// first.
func (c *client) release(ctx context.Context, n *node, o *op) {
	local := func(part *op) bool { return part.Status == coherencetest.LocalOnly }
	if !slices.ContainsFunc(o.parts(), local) || (o.choice&background == 0 && !c.run.plan.Defaults.BackgroundWrites) {
		c.run.source.free(o.all())
		return
	}
	c.pending = (c.pending + 1) % lanesPerClient
	lane := firstPending + instant(c.index*lanesPerClient+c.pending)
	go func() {
		w := c.run.world
		for range 600 {
			_ = w.sleep(ctx, lane, ms(50))
			if !c.busy(n, o) || n.dead.Load() {
				break
			}
		}
		c.run.source.free(o.all())
	}()
}

// busy reports whether the node is at a write yet. In a loose plan that may wait for
// what another key is written together with.
func (c *client) busy(n *node, o *op) bool {
	if c.run.plan.Loose && n.port.writing.Load() > 0 {
		return true
	}
	for _, part := range o.parts() {
		if n.port.busy(c.place(part)) {
			return true
		}
	}
	return false
}

// place returns the key in the store that a write goes to.
func (c *client) place(o *op) string {
	switch {
	case !marks(o.Action):
		return "sim:1:e:v:" + keyNames[o.Key]
	case o.Action <= doExpireTag:
		return "sim:1:m:" + tagNames[o.tag]
	}
	return "sim:1:m:"
}

// patience returns ctx, sometimes with an end.
func (c *client) patience(ctx context.Context, o *op) (context.Context, context.CancelFunc) {
	switch {
	case o.choice&endless != 0:
		return context.WithoutCancel(ctx), func() {}
	case c.dice.IntN(4) > 0:
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, 5*between(c.dice, 0, 200)+ms(2))
}

func (c *client) do(ctx context.Context, n *node, o *op) {
	name := keyNames[o.Key]
	switch o.Action {
	case doGet:
		if o.choice&many != 0 {
			c.getMany(ctx, n, o)
			return
		}
		var ok bool
		var err error
		o.Value, ok, err = n.cache.Get(ctx, name, c.options(o)...)
		o.Answered(ok, err)
	case doLoad:
		r := c.recipe(o)
		if o.choice&many != 0 {
			c.loadMany(ctx, n, o, r)
			return
		}
		var err error
		load := func(ctx context.Context, _ string) (value, error) { return c.run.source.load(ctx, n, o.Key, r) }
		if c.run.plan.Sealed {
			o.Value, err = n.cache.GetOrRefresh(ctx, name, c.run.unlessModified(load), c.options(o)...)
		} else {
			o.Value, err = n.cache.GetOrSet(ctx, name, load, c.options(o)...)
		}
		o.Answered(true, err)
	default:
		for _, part := range o.parts() {
			c.run.source.write(part)
		}
		c.write(ctx, n, o)
	}
}

// unlessModified makes a factory say so if it has loaded what is there.
func (r *run) unlessModified(load func(context.Context, string) (value, error)) func(context.Context, *hybrid.Load[value]) (value, error) {
	return func(ctx context.Context, l *hybrid.Load[value]) (value, error) {
		v, err := load(ctx, "")
		if held, ok := l.Stale(); ok && err == nil && held.Version == v.Version {
			r.world.rec.Confirmed(held, v.Made)
			return l.NotModified()
		}
		return v, err
	}
}

func (c *client) write(ctx context.Context, n *node, o *op) {
	name := keyNames[o.Key]
	var outcome core.Outcome
	var err error
	switch o.Action {
	case doSet:
		o.Value = value{Key: o.Key, Node: c.node, Version: o.Writes[0].Version, Made: o.From}
		opts := c.options(o)
		o.Ends = c.run.plan.ends(o.From, opts)
		if o.choice&many != 0 {
			c.setMany(ctx, n, o, opts)
			return
		}
		outcome, err = n.cache.Set(ctx, name, o.Value, opts...)
	case doRemove:
		if o.choice&many != 0 {
			outcome, err = n.cache.RemoveMany(ctx, o.names(), c.options(o)...)
			o.wroteMany(outcome, err)
			return
		}
		outcome, err = n.cache.Remove(ctx, name, c.options(o)...)
	case doExpire:
		outcome, err = n.cache.Expire(ctx, name, c.options(o)...)
	case doRemoveTag:
		outcome, err = n.stack.RemoveByTag(ctx, tagNames[o.tag])
	case doExpireTag:
		outcome, err = n.stack.ExpireByTag(ctx, tagNames[o.tag])
	case doClear:
		outcome, err = n.stack.Clear(ctx)
	case doExpireAll:
		outcome, err = n.stack.ExpireAll(ctx)
	}
	o.Wrote(outcome, err)
}

// recipe draws what a factory does.
func (c *client) recipe(o *op) recipe {
	r := recipe{before: between(c.dice, 0, 10), after: between(c.dice, 0, 10)}
	switch n := c.dice.IntN(20); {
	case n < 2:
		r.before, r.after = between(c.dice, 0, 3400), between(c.dice, 0, 3400)
	case n < 6:
		r.before, r.after = between(c.dice, 0, 100), between(c.dice, 0, 100)
	}
	if c.dice.IntN(10) == 0 {
		r.end = ending(c.dice.IntN(int(endings)))
	}
	if o.choice&endless != 0 && r.end == exits {
		r.end = panics // it would end the client
	}
	if c.run.world.now() > c.run.plan.Heal {
		r.end = returns // a failure would have stale answers follow
	}
	r.deaf = c.dice.IntN(10) == 0
	return r
}

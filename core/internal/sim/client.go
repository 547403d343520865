// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"math/rand/v2"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// client asks and writes at random on one node, until the run is over.
type client struct {
	run   *run
	index int
	node  int
	lane  instant
	rng   *rand.Rand
}

// live does one operation after another.
func (c *client) live(ctx context.Context) {
	w, p := c.run.world, c.run.plan
	for {
		_ = w.sleep(ctx, c.lane, between(c.rng, 1, 2*p.Think))
		if w.now() > p.End() {
			return
		}
		c.step(ctx)
		w.settle(c.lane)
	}
}

// step does one operation.
func (c *client) step(ctx context.Context) {
	w, p := c.run.world, c.run.plan
	o := &op{action: p.Mix.pick(c.rng), client: c.index, node: c.node, key: c.rng.IntN(p.Keys), lane: c.lane}
	if w.now() > p.Heal && o.action.writes() {
		o.action = doLoad
	}
	if o.action.writes() {
		c.run.source.take(o.key)
		w.settle(c.lane)
		defer c.run.source.free(o.key)
	}
	n := c.run.nodes[c.node].Load()
	o.life = n.life
	ctx, cancel := c.patience(o.context(ctx))
	defer cancel()
	o.from = w.now()
	c.do(ctx, n, o)
	o.to = w.now()
	w.settle(c.lane)
	if n.dead.Load() {
		o.status = failed
	}
	w.rec.add(o)
}

// patience returns ctx, sometimes with an end.
func (c *client) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.rng.IntN(4) > 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, 5*between(c.rng, 0, 200)+ms(2))
}

func (c *client) do(ctx context.Context, n *node, o *op) {
	name := keyNames[o.key]
	switch o.action {
	case doGet:
		var ok bool
		o.got, ok, o.err = n.cache.Get(ctx, name, c.options(o)...)
		o.answered(ok)
	case doLoad:
		r := c.recipe()
		o.got, o.err = n.cache.GetOrSet(ctx, name, func(ctx context.Context, _ string) (value, error) {
			return c.run.source.load(ctx, o.key, r, c.node)
		}, c.options(o)...)
		o.answered(true)
	default:
		o.version = c.run.source.write(o.key)
		c.write(ctx, n.cache, o)
	}
}

func (c *client) write(ctx context.Context, cache *hybrid.Cache[value], o *op) {
	name := keyNames[o.key]
	var outcome core.Outcome
	switch o.action {
	case doSet:
		v := value{Key: uint16(o.key), Origin: uint16(c.node), Version: o.version, Made: o.from}
		outcome, o.err = cache.Set(ctx, name, v, c.options(o)...)
	case doRemove:
		outcome, o.err = cache.Remove(ctx, name, c.options(o)...)
	case doExpire:
		outcome, o.err = cache.Expire(ctx, name, c.options(o)...)
	}
	o.wrote(outcome)
}

func (o *op) answered(ok bool) {
	switch {
	case o.err != nil:
		o.status = failed
	case ok:
		o.status = found
	default:
		o.status = missed
	}
}

func (o *op) wrote(outcome core.Outcome) {
	switch outcome {
	case core.Committed:
		o.status = committed
	case core.LocalOnly:
		o.status = localOnly
	default:
		o.status = failed
	}
}

// recipe draws what a factory does.
func (c *client) recipe() recipe {
	r := recipe{before: between(c.rng, 0, 10), after: between(c.rng, 0, 10)}
	switch n := c.rng.IntN(20); {
	case n < 2:
		r.before, r.after = between(c.rng, 0, 3400), between(c.rng, 0, 3400)
	case n < 6:
		r.before, r.after = between(c.rng, 0, 100), between(c.rng, 0, 100)
	}
	if c.rng.IntN(10) == 0 {
		r.end = ending(c.rng.IntN(int(endings)))
	}
	r.deaf = c.rng.IntN(10) == 0
	return r
}

// options draws the options of one call.
func (c *client) options(*op) []core.Option { return nil }

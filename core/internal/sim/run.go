// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// run is a plan being carried out.
type run struct {
	plan   *Plan
	world  *world
	store  *store
	bus    *bus
	source *source
	nodes  []atomic.Pointer[node]
	skews  []atomic.Int64
}

// Run carries out a plan. It must be called in a testing/synctest bubble of its
// own.
func Run(ctx context.Context, p *Plan) (Report, error) {
	w := newWorld(ctx, p)
	b := newBus(w)
	r := &run{
		plan: p, world: w, store: newStore(w, b), bus: b, source: newSource(w, p.Keys),
		nodes: make([]atomic.Pointer[node], p.Nodes), skews: make([]atomic.Int64, p.Nodes),
	}
	w.source = r.source
	for i := range r.nodes {
		r.skews[i].Store(int64(p.Skews[i]))
		_ = w.sleep(ctx, nodeLane(i), 0)
		n, err := r.birth(i, 0)
		if err != nil {
			return Report{}, err
		}
		r.nodes[i].Store(n)
	}
	r.live(ctx)
	r.audit(ctx)
	err := r.close(ctx)
	return w.rec.report(), errors.Join(err, w.rec.err)
}

// live lets clients and faults loose and waits until they are done.
func (r *run) live(ctx context.Context) {
	var all sync.WaitGroup
	for i := range r.plan.Nodes * r.plan.Clients {
		c := &client{run: r, index: i, node: i / r.plan.Clients, lane: firstClient + instant(i), dice: newDice()}
		all.Go(func() { c.live(ctx) })
	}
	for i := range r.plan.Faults {
		m := &nemesis{run: r, fault: &r.plan.Faults[i], lane: firstFault + instant(i), rng: r.world.random(actorNemesis + uint64(i))}
		if m.fault.Kind.eventful() {
			all.Go(func() { m.live(ctx) })
		}
	}
	all.Wait()
}

// audit asks every node for every key, when all faults and writes are long past.
func (r *run) audit(ctx context.Context) {
	for i := range r.nodes {
		for key := range r.plan.Keys {
			for _, action := range []action{doGet, doLoad} {
				r.ask(ctx, i, key, action)
			}
		}
	}
}

func (r *run) ask(ctx context.Context, i, key int, a action) {
	w, n := r.world, r.nodes[i].Load()
	_ = w.sleep(ctx, nodeLane(i), 0)
	o := &op{lane: nodeLane(i)}
	o.Action, o.Client, o.Node, o.Life, o.Key, o.From = a, -1, i, n.life, key, w.now()
	var err error
	if a == doGet {
		var ok bool
		o.Value, ok, err = n.cache.Get(o.context(ctx), keyNames[key])
		o.Answered(ok, err)
	} else {
		load := func(ctx context.Context, _ string) (value, error) { return r.source.load(ctx, n, key, recipe{}) }
		o.Value, err = n.cache.GetOrSet(o.context(ctx), keyNames[key], load)
		if errors.Is(err, core.ErrFactoryTimeout) || o.Stale {
			// This was the load of a client, which has had a limit of its own, or the
			// throttle window that it has opened.
			_ = w.sleep(ctx, nodeLane(i), ms(longestThrottle))
			o.Value, err = n.cache.GetOrSet(o.context(ctx), keyNames[key], load)
		}
		for tries := 0; errors.Is(err, core.ErrOverload) && tries < 10; tries++ { // as many loads of clients as may run
			_ = w.sleep(ctx, nodeLane(i), ms(1000))
			o.Value, err = n.cache.GetOrSet(o.context(ctx), keyNames[key], load)
		}
		o.Answered(true, err)
	}
	o.To = w.now()
	w.rec.addFinal(o, r.source.read(key))
}

// close ends all nodes in good order.
func (r *run) close(ctx context.Context) error {
	var errs []error
	_ = r.world.sleep(ctx, nodeLane(0), ms(3000)) // what goes on in the background is done then
	for i := range r.nodes {
		n := r.nodes[i].Load()
		_ = r.world.sleep(ctx, nodeLane(i), 0)
		within, cancel := context.WithTimeout(ctx, 30*time.Second)
		writes := n.port.writes.Load()
		errs = append(errs, n.stack.Close(within))
		cancel()
		r.world.rec.checkQueue(n, n.port.writes.Load()-writes)
		r.world.rec.checkClosed(ctx, n)
	}
	r.world.rec.checkLoad(int(r.store.calls.Load()), r.world.now())
	return errors.Join(errs...)
}

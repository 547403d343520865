// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// run is a plan being carried out.
type run struct {
	plan   *Plan
	world  *world
	store  *store
	bus    *bus
	source *source
	nodes  []atomic.Pointer[node]
}

// Run carries out a plan. It must be called in a testing/synctest bubble of its
// own.
func Run(ctx context.Context, p *Plan) (Report, error) {
	r := &run{plan: p, world: newWorld(p), nodes: make([]atomic.Pointer[node], p.Nodes)}
	r.store, r.bus, r.source = newStore(r.world), newBus(r.world), newSource(r.world, p.Keys)
	for i := range r.nodes {
		_ = r.world.sleep(ctx, nodeLane(i), 0)
		n, err := r.birth(i, 0)
		if err != nil {
			return Report{}, err
		}
		r.nodes[i].Store(n)
	}
	r.live(ctx)
	r.audit(ctx)
	for i := range r.nodes {
		_ = r.world.sleep(ctx, nodeLane(i), 0)
		within, cancel := context.WithTimeout(ctx, 30*time.Second)
		err := r.nodes[i].Load().stack.Close(within)
		cancel()
		if err != nil {
			return Report{}, err
		}
	}
	report := r.world.rec.report()
	report.notes = r.world.notes
	return report, nil
}

// live lets clients and faults loose and waits until they are done.
func (r *run) live(ctx context.Context) {
	var all sync.WaitGroup
	for i := range r.plan.Nodes * r.plan.Clients {
		c := &client{run: r, index: i, node: i % r.plan.Nodes, lane: firstClient + instant(i), rng: r.world.random(actorClient + uint64(i))}
		all.Go(func() { c.live(ctx) })
	}
	for i, f := range r.plan.Faults {
		r.schedule(f, firstFault+instant(i))
	}
	all.Wait()
}

// schedule has done what a fault does at its beginning and at its end.
func (r *run) schedule(f Fault, lane instant) {
	if f.Kind == BusDown {
		time.AfterFunc(r.world.ahead(lane, f.From-r.world.now()), func() { r.bus.cut(f.Nodes) })
	}
}

// audit asks every node for every key, when all faults and writes are long past.
func (r *run) audit(ctx context.Context) {
	for i := range r.nodes {
		for key := range r.plan.Keys {
			c := &client{run: r, index: -1, node: i, lane: nodeLane(i), rng: r.world.random(actorPlan)}
			_ = r.world.sleep(ctx, c.lane, 0)
			n := r.nodes[i].Load()
			o := &op{action: doLoad, client: c.index, node: i, life: n.life, key: key, lane: c.lane, from: r.world.now()}
			o.got, o.err = n.cache.GetOrSet(o.context(ctx), keyNames[key], func(ctx context.Context, _ string) (value, error) {
				return r.source.load(ctx, key, recipe{}, i)
			})
			o.answered(true)
			o.to = r.world.now()
			r.world.rec.add(o)
			r.world.rec.checkConverged(o, r.source.read(key))
		}
	}
}

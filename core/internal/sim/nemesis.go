// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"math/rand/v2"
	"time"
)

// nemesis does what the faults of a plan do at one moment.
type nemesis struct {
	run   *run
	fault *Fault
	lane  instant
	rng   *rand.Rand
	saved map[string]item // for a rewind
}

// live waits for the beginning and the end of the fault.
func (m *nemesis) live(ctx context.Context) {
	w, f := m.run.world, m.fault
	w.wait(ctx, m.lane, f.From)
	m.begin(ctx)
	w.wait(ctx, m.lane, f.To)
	m.end(ctx)
}

// eventful reports whether a kind of fault needs a nemesis.
func (k FaultKind) eventful() bool {
	switch k {
	case StoreEvict, StoreFlush, StoreRewind, StoreRot, StoreForeign, BusDown, NodeCrash, NodeClose, NodeClock, NodeForget:
		return true
	}
	return false
}

func (m *nemesis) begin(ctx context.Context) {
	s, f := m.run.store, m.fault
	switch f.Kind {
	case StoreEvict:
		s.evict(m.run, m.some)
	case StoreFlush:
		s.flush()
		m.run.world.rec.Lose(m.run.world.now())
	case StoreRewind:
		m.saved = s.snapshot()
	case StoreRot:
		s.rot(m.rng, m.some)
	case StoreForeign:
		s.squat(m.some)
	case BusDown:
		m.run.bus.cut(f)
	case NodeClock:
		m.each(func(i int) { m.run.step(i, ms(f.Lo)) })
	case NodeForget:
		m.each(func(i int) { m.run.nodes[i].Load().forget() })
	case NodeCrash:
		m.each(func(i int) { m.run.kill(ctx, i, true) })
	case NodeClose:
		m.each(func(i int) { m.run.kill(ctx, i, false) })
	}
}

func (m *nemesis) end(ctx context.Context) {
	switch m.fault.Kind {
	case StoreRewind:
		m.run.store.rewind(m.run, m.saved)
	case NodeCrash, NodeClose:
		m.each(func(i int) { m.run.replace(ctx, i, m.lane) })
	}
}

func (m *nemesis) some() bool { return m.rng.IntN(100) < m.fault.Percent }

func (m *nemesis) each(do func(node int)) {
	for i := range m.run.nodes {
		if m.fault.Nodes.has(i) {
			do(i)
		}
	}
}

// step moves the wall clock of a node, within the bounds of the plan.
func (r *run) step(i int, by time.Duration) {
	skew := time.Duration(r.skews[i].Load()) + by
	r.skews[i].Store(int64(min(max(skew, -ms(maxSkew)), ms(maxSkew))))
}

// kill ends the life of a node, unless it has ended already.
func (r *run) kill(ctx context.Context, i int, crash bool) {
	n := r.nodes[i].Load()
	if n.gone.Swap(true) {
		return
	}
	if crash {
		n.dead.Store(true)
	}
	within, cancel := context.WithTimeout(ctx, 10*time.Second+ms(3))
	go func() {
		defer cancel()
		if err := n.stack.Close(within); err != nil || crash {
			r.world.rec.Bury(i)
		}
		n.dead.Store(true)
	}()
}

// replace begins another life of a node whose life has ended.
func (r *run) replace(ctx context.Context, i int, lane instant) {
	n := r.nodes[i].Load()
	if !n.gone.Load() || n.replaced.Swap(true) {
		return
	}
	for !n.dead.Load() {
		_ = r.world.sleep(ctx, lane, ms(10))
	}
	_ = r.world.sleep(ctx, nodeLane(i), 0)
	next, err := r.birth(i, n.life+1)
	if err != nil {
		r.world.rec.broken(err)
		return
	}
	r.world.rec.Restart(i)
	r.nodes[i].Store(next)
}

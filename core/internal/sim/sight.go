// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/chance"
)

// sight is what the simulator may ask of a node's stack.
type sight struct {
	memory chance.Memory
	debts  chance.Debts
}

var _ chance.Inspector = probe{}

// Inspect implements chance.Inspector.
func (p probe) Inspect(memory chance.Memory, debts chance.Debts) { p.node.sight = sight{memory, debts} }

// silence is when a node counts as not heard, as coherence.PulseOptions.Silence
// has it.
const silence = 2500 * time.Millisecond

// conditions returns the conditions under which an operation begins.
func (n *node) conditions(o *op) (s conditionSet) {
	now := n.world.now()
	if o.keys == 0 {
		s = n.holds(o.Key)
	}
	for key := range n.world.plan.Keys {
		if o.keys.has(key) {
			s |= n.holds(key)
		}
	}
	owed, _ := n.sight.debts.Len()
	n.world.rec.checkDebts(n, owed)
	s.add(owing, owed > 0)
	s.add(young, now-n.born < 2*silence)
	for i := range n.heard {
		at := instant(n.heard[i].Load())
		s.add(degraded, (at > 0 || i == n.index) && now-at > silence)
	}
	return s
}

// holds returns how it is about a key in memory.
func (n *node) holds(key int) (s conditionSet) {
	e, ok := n.memory.Get("v:" + keyNames[key])
	if !ok {
		return 1 << absent
	}
	now := n.clock.Now()
	switch m := e.Meta(); {
	case m.State(now) != core.Fresh:
		return 1 << stale
	case !n.sight.memory.Trusted(m.Checked, now):
		return 1 << doubted
	}
	return 1 << fresh
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest

import "time"

// span is a time in which something was wrong.
type span struct{ from, to time.Duration }

// pause is a time in which a node stood still.
type pause struct {
	node int
	span
}

// Forever is the end of a pause that nobody knows yet.
const Forever = time.Duration(1<<63 - 1)

// Lose notes that the distributed layer has lost what it held, as after a flush, or
// a restart without a disk. A reader may then not know of a write for longer, and see
// again for as long what was made before.
func (c *Checker) Lose(at time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.losses = append(c.losses, at)
}

// Void has a key judged by what is called after at only: what was written before
// may have been lost without a trace, as when a server goes back in time, or evicts
// a written value while a load that began before it is under way.
func (c *Checker) Void(key int, at time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys[key].forgetAll(at, c.opts.Nodes)
}

// Bury notes that a node has died with all that it owed: writes that were not
// committed. Their keys need not converge until the next committed write. It
// returns those whose last write was one of them, so that the program can remove
// them by way of another node.
func (c *Checker) Bury(node int) (owed []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, h := range c.keys {
		if h.owed[node] > 0 && h.owed[node] >= h.last {
			owed = append(owed, key)
		}
		h.lost, h.owed[node] = max(h.lost, h.owed[node]), 0
	}
	return owed
}

// Restart notes that a node has been replaced by one that knows nothing of what the
// other one has shown. Operations of the new one have a Life that is one higher.
func (c *Checker) Restart(node int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lives[node]++
	for _, h := range c.keys {
		h.forget(node)
	}
}

// Pause notes that a node stands still from one moment to another, or Forever.
// What is under way on it then has no deadline.
func (c *Checker) Pause(node int, from, to time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pauses = append(c.pauses, pause{node, span{from, to}})
}

// Resume ends the pauses of a node that would last longer.
func (c *Checker) Resume(node int, at time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.pauses {
		if p := &c.pauses[i]; p.node == node {
			p.to = min(p.to, at)
		}
	}
}

// Fault notes that something is wrong from one moment to another, for Bounds.Quiet.
// It must be called before an operation that the fault may have an effect on is
// added.
func (c *Checker) Fault(from, to time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, span{from, to})
}

// staleness returns the bound for a read that began at a moment.
func (c *Checker) staleness(at time.Duration) time.Duration {
	b := c.opts.Bounds
	bound := b.Staleness
	for _, loss := range c.losses {
		if loss <= at && at < loss+b.LossTime {
			bound = b.AfterLoss
		}
	}
	return bound + c.stalled(at-bound, at)
}

func (c *Checker) stalled(from, to time.Duration) time.Duration {
	if c.opts.Stalled == nil {
		return 0
	}
	return c.opts.Stalled(from, to)
}

// calmSince returns from when on until now there was no fault, and none had
// anything left to be repaired.
func (c *Checker) calmSince(now time.Duration) (since time.Duration) {
	for _, f := range c.faults {
		if f.from <= now {
			since = max(since, f.to+c.opts.Bounds.Convergence)
		}
	}
	return since
}

// paused reports whether the node of an operation stood still during it.
func (c *Checker) paused(o *Operation) bool {
	for _, p := range c.pauses {
		if p.node == o.Node && p.from <= o.To && o.From <= p.to {
			return true
		}
	}
	return false
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package scale

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// coldStart starts the nodes all at once while the server has the values. They read
// what they are asked for, once each, and once more what they read when they began
// to hear messages; nothing from the source. All reads that begin at once read the
// mark of everything, too. The nodes take each other's first
// messages for no gap.
func coldStart(c *cluster, n int) {
	c.join(1)
	c.warm()
	c.join(n - 1)
	c.all(hotKeys())
	pass(2 * time.Second)
	beats := c.bus.beats.take()
	c.most("reads of values", len(c.server.values.take()), 2*hot*n)
	c.most("reads of marks", len(c.server.marks.take()), (hot+1)*n)
	c.most("calls of the source", len(c.loads.take()), 0)
	c.most("writes", len(c.server.writes.take()), 0)
	c.most("suspicions", len(c.suspects.take()), 0)
	c.most("heartbeats in any 10 ms", beats.peak(10*time.Millisecond), n/20+10)
}

// coldKey asks all nodes at once for what the server does not have either: each of
// them loads, unless a node lock makes one load of all.
func coldKey(c *cluster, n int) {
	c.all([]string{"cold"})
	c.most("calls of the source", len(c.loads.take()), n)
	c.most("writes", len(c.server.writes.take()), n)
	c.most("messages", len(c.bus.changes.take()), 1)
	c.all([]string{"colder"}, core.NodeLock(time.Second))
	c.most("calls of the source, with a node lock", len(c.loads.take()), 1)
}

// lateNode starts one more. It makes nobody suspicious, itself neither.
func lateNode(c *cluster, n int) {
	c.warm()
	c.during(func() {
		c.join(1)
		pass(time.Second)
	})
	c.most("suspicions", len(c.suspects.take()), 0)
	c.most("reads of headers", len(c.server.headers.take()), 0)
	c.most("calls of the source", len(c.loads.take()), 0)
}

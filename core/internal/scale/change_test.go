// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package scale

import "time"

// write changes a hot key: one message, and one read of each other node, however
// many callers it has.
func write(c *cluster, n int) {
	c.warm()
	c.set(hotKey(0))
	c.all(hotKeys())
	c.most("messages", len(c.bus.changes.take()), 1)
	c.most("reads of values", len(c.server.values.take()), n-1)
	c.most("reads of headers", len(c.server.headers.take()), 0)
	c.most("calls of the source", len(c.loads.take()), 0)
}

// removal removes a hot key while the nodes are asked for it now and then: those
// load that are asked before the first load has ended.
func removal(c *cluster, n int) {
	c.warm()
	c.during(func() {
		c.remove(hotKey(0))
		pass(time.Second)
	})
	c.most("messages", len(c.bus.changes.take()), 2+n/100)
	c.most("calls of the source", len(c.loads.take()), n/20+3)
	c.most("reads of values", len(c.server.values.take()), n+n/10+3)
}

// clearing writes one mark and sends one message, whatever it removes. All reads that
// begin at once read the mark.
func clearing(c *cluster, n int) {
	c.warm()
	if _, err := c.nodes[0].stack.Clear(c.t.Context()); err != nil {
		c.t.Error(err)
	}
	c.most("messages", len(c.bus.changes.take()), 1)
	c.most("writes", len(c.server.writes.take()), 1)
	c.all(hotKeys())
	c.most("reads of marks", len(c.server.marks.take()), hot*n)
	c.most("reads of values", len(c.server.values.take()), 2*hot*n)
	c.most("calls of the source", len(c.loads.take()), hot*n)
}

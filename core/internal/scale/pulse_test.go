// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package scale

import "time"

// crowd is how many heartbeats a node hears in a second at most.
const crowd = 100

// calm is what goes on while nobody asks. Heartbeats and reads of the mark of
// everything do not come in step.
func calm(c *cluster, n int) {
	const seconds = 4
	pass(6 * time.Second) // until all know that they are many
	c.forget()
	c.bus.heard.Store(0)
	pass(seconds * time.Second)
	beats, marks := c.bus.beats.take(), c.server.marks.take()
	rate := min(n, crowd)
	c.most("heartbeats in a second", len(beats)/seconds, rate+rate/4)
	c.most("heartbeats that a node hears in a second", int(c.bus.heard.Load())/n/seconds, rate+rate/4)
	c.most("heartbeats in any 10 ms", beats.peak(10*time.Millisecond), rate/10+5)
	c.most("reads of marks in 4 s", len(marks), n+1)
	c.most("reads of marks in any 10 ms", marks.peak(10*time.Millisecond), n/25+10)
	c.most("suspicions", len(c.suspects.take()), 0)
}

// deadNode has a node die. The others check their entries every two seconds; in a
// crowd it takes them longer to notice.
func deadNode(c *cluster, n int) {
	if n > crowd {
		return
	}
	c.warm()
	c.nodes[0].line.dead.Store(true)
	c.during(func() {
		pass(4 * time.Second)
		c.forget()
		pass(10 * time.Second)
	})
	headers := c.server.headers.take()
	c.most("reads of headers in 10 s", len(headers), hot*n*6)
	c.most("reads of headers in any 10 ms", headers.peak(10*time.Millisecond), hot*n/20+10)
	c.most("calls of the source", len(c.loads.take()), 0)
}

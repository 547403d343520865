// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package scale

import "time"

// reconnect has all nodes lose their subscription at one moment, while they are
// asked all the time, and lets them have it again at once. Each checks its entry by
// one header; in a crowd that is spread over a second.
func reconnect(c *cluster, n int) {
	c.warm()
	c.bus.fail()
	c.bus.heal(c.t.Context())
	for range 200 {
		for _, node := range c.nodes {
			go c.ask(node, hotKey(0))
		}
		pass(10 * time.Millisecond)
	}
	headers := c.server.headers.take()
	c.most("attempts to subscribe", len(c.bus.attempts.take()), len(c.nodes))
	c.most("suspicions", len(c.suspects.take()), len(c.nodes))
	c.most("reads of headers", len(headers), len(c.nodes))
	c.most("reads of headers in any 10 ms", headers.peak(10*time.Millisecond), min(n/2, crowd/2)+10)
	c.most("reads of values", len(c.server.values.take()), 0)
	c.most("calls of the source", len(c.loads.take()), 0)
}

// outage takes the bus away for a while. Entries are checked every two seconds, and
// each node tries to subscribe less and less often.
func outage(c *cluster, n int) {
	const down = 6
	c.warm()
	c.during(func() {
		c.bus.fail()
		pass(down * time.Second)
		attempts, headers := c.bus.attempts.take(), c.server.headers.take()
		c.most("attempts to subscribe in 6 s", len(attempts), 8*n)
		c.most("attempts in any 10 ms", attempts.peak(10*time.Millisecond), min(n, crowd)/2+10)
		c.most("reads of headers in 6 s", len(headers), hot*n*(1+down/2))
		c.most("reads of headers in any 10 ms", headers.peak(10*time.Millisecond), hot*n/20+10)
		c.bus.heal(c.t.Context())
		pass(down * time.Second)
	})
	headers := c.server.headers.take()
	c.most("suspicions afterwards", len(c.suspects.take()), 2*len(c.nodes))
	c.most("reads of headers in the 6 s afterwards", len(headers), hot*n*5)
	c.most("reads of headers in any 10 ms afterwards", headers.peak(10*time.Millisecond), hot*n/20+10)
	c.most("reads of values", len(c.server.values.take()), 0)
	c.most("calls of the source", len(c.loads.take()), 0)
}

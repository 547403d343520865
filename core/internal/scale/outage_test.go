// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package scale

import (
	"fmt"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

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
	const down = 5
	c.warm()
	c.during(func() {
		c.bus.fail()
		pass(down * time.Second)
		attempts, headers := c.bus.attempts.take(), c.server.headers.take()
		c.most("attempts to subscribe in 5 s", len(attempts), 8*n)
		c.most("attempts in any 10 ms", attempts.peak(10*time.Millisecond), min(n, crowd)/2+10)
		c.most("reads of headers in 5 s", len(headers), hot*n*(1+down/2))
		c.most("reads of headers in any 10 ms", headers.peak(10*time.Millisecond), hot*n/20+10)
		c.bus.heal(c.t.Context())
		pass((down + 1) * time.Second) // pauses are of five seconds at most
	})
	headers := c.server.headers.take()
	c.most("suspicions afterwards", len(c.suspects.take()), 2*len(c.nodes))
	c.most("reads of headers in the 6 s afterwards", len(headers), hot*n*5)
	c.most("reads of headers in any 10 ms afterwards", headers.peak(10*time.Millisecond), hot*n/20+10)
	c.most("reads of values", len(c.server.values.take()), 0)
	c.most("calls of the source", len(c.loads.take()), 0)
}

// serverOutage takes the server away for a while, in which each node writes a key of
// its own. Reads of memory go on, and what is owed is written once when the server is
// back.
func serverOutage(c *cluster, n int) {
	const away = 3
	pass(silence(n)) // nobody settles any more after the outage before
	c.warm()
	c.during(func() {
		c.server.away.Store(true)
		c.owe()
		pass(away * time.Second)
		c.most("attempts to write in 3 s", len(c.server.writes.take()), 4*len(c.nodes))
		c.most("reads of values and headers", len(c.server.values.take())+len(c.server.headers.take()), 0)
		c.most("attempts to read the mark", len(c.server.marks.take()), 4*len(c.nodes))
		c.server.away.Store(false)
		pass(4 * time.Second)
	})
	writes := c.server.writes.take()
	c.most("writes afterwards", len(writes), len(c.nodes))
	c.most("writes in any 10 ms afterwards", writes.peak(10*time.Millisecond), n/20+10)
	c.most("reads of values and headers afterwards", len(c.server.values.take())+len(c.server.headers.take()), 0)
	c.most("calls of the source", len(c.loads.take()), 0)
}

// silence is after how long a node of n that has joined has met all others.
func silence(n int) time.Duration { return time.Duration(n/100+2) * 2500 * time.Millisecond }

// owe has each node write a key of its own, at some time within a second.
func (c *cluster) owe() {
	var writing sync.WaitGroup
	for i, node := range c.nodes {
		writing.Go(func() {
			pass(time.Duration(i*7919%1000) * time.Millisecond)
			outcome, err := node.cache.Set(c.t.Context(), fmt.Sprintf("own%d", i), 1)
			if outcome != core.LocalOnly || err != nil {
				c.t.Error(outcome, err)
			}
		})
	}
	writing.Wait()
}

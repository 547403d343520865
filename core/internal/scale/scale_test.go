// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package scale

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// nodes is one size of a cluster, or none: a thousand nodes take a minute, most of it for
// the messages that each of them hears from each.
var nodes = flag.Int("nodes", 0, "the number of nodes in TestScale; 0: 10, then 100")

func sizes() []int {
	if *nodes > 0 {
		return []int{*nodes}
	}
	return []int{10, 100}
}

// pass lets virtual time pass.
func pass(d time.Duration) { time.Sleep(d) }

// steps are the life of a cluster of n nodes. Each is measured.
var steps = [...]struct {
	name string
	run  func(c *cluster, n int)
}{
	{"cold start", coldStart},
	{"cold key", coldKey},
	{"calm", calm},
	{"write", write},
	{"removal", removal},
	{"clearing", clearing},
	{"late node", lateNode},
	{"reconnect", reconnect},
	{"outage", outage},
	{"server outage", serverOutage},
	{"dead node", deadNode},
}

// The load on the server, the bus and the source is bounded by the formulas of
// docs/scaling.md, whatever happens to all nodes at once.
func TestScale_LoadIsBounded(t *testing.T) {
	for _, n := range sizes() {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t)
				for _, s := range steps {
					c.step = s.name
					s.run(c, n)
					c.forget()
				}
			})
		})
	}
}

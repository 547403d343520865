// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package bubble_test runs several caches with the real client libraries in virtual
// time: go-redis against a small server of this package, nats.go against the
// embedded NATS server. Between them are pipes that fail as a seed tells them.
// Package coherencetest judges what callers are told. A seed gives the same faults
// and wishes; in which order the goroutines of the libraries run, it cannot say.
//
//	BUBBLE_SEED=7 go test -v ./bubble         # one seed
//	BUBBLE_SEEDS=1000 go test -v ./bubble     # so many of each
package bubble_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server/ats"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/contrib/integration/traffic"
)

func TestMain(m *testing.M) {
	logging.Disable()
	// The clock of the NATS server for access times selects on a channel of its
	// package, which would stop the time of a bubble. It runs once per process, so it
	// is started outside.
	ats.Register()
	os.Exit(m.Run())
}

func TestBubble_Redis(t *testing.T) {
	explore(t, func(tb testing.TB) world { return newRedisWorld(tb) })
}

func TestBubble_NATS(t *testing.T) {
	explore(t, func(tb testing.TB) world { return newNATSWorld(tb, false) })
}

func TestBubble_NATSStream(t *testing.T) {
	explore(t, func(tb testing.TB) world { return newNATSWorld(tb, true) })
}

const (
	nodes   = 4
	clients = 3 // per node
)

// world is what the nodes meet at.
type world interface {
	// accept makes a connection.
	accept() (net.Conn, error)
	// connect makes the parts of a node on its networks.
	connect(ctx context.Context, shared bool, data, bus *network) (traffic.Parts, error)
	// faults are those of the server itself.
	faults(r *traffic.Run) []traffic.Fault
	// close ends it.
	close()
}

// explore runs all seeds, each in a bubble of its own.
func explore(t *testing.T, start func(tb testing.TB) world) {
	first, last := seeds(t)
	var sum traffic.Summary
	began := time.Now()
	for seed := first; seed <= last && !t.Failed(); seed++ {
		emptyPools()
		synctest.Test(t, func(t *testing.T) { sum.Add(play(t, seed, start(t))) })
	}
	t.Logf("%v: %v", time.Since(began).Round(time.Millisecond), &sum)
	if last > first {
		sum.Demand(t)
	}
}

// emptyPools drops what the libraries keep in pools of their packages: timers of one
// bubble must not get into another. A pool is empty after two collections.
func emptyPools() {
	runtime.GC()
	runtime.GC()
}

func seeds(tb testing.TB) (first, last uint64) {
	tb.Helper()
	first, last = 1, defaultSeeds
	var err error
	if text := os.Getenv("BUBBLE_SEEDS"); text != "" {
		last, err = strconv.ParseUint(text, 10, 64)
	}
	if text := os.Getenv("BUBBLE_SEED"); text != "" {
		first, err = strconv.ParseUint(text, 10, 64)
		last = first
	}
	if err != nil {
		tb.Fatal(err)
	}
	return first, last
}

// In a hot round writes meet reads and each other. But what is wrong then is soon
// put right by the next write; that it lasts shows in a calm round.
var moods = [...]traffic.Mood{
	{Keys: traffic.Keys, Writes: 20, Think: 60 * time.Millisecond},
	{Keys: 3, Writes: 200, Think: 60 * time.Millisecond},
}

// round is how long faults go on until everything is healed.
const round = 8 * time.Second

// aftermath is how long it takes until everything has come to its end: time stands
// still when the first goroutine of a bubble is gone.
const aftermath = 10 * time.Second

// play is one run.
func play(t *testing.T, seed uint64, s world) *traffic.Run {
	r := traffic.New(traffic.Options{Seed: seed, Nodes: nodes, Clients: clients, ReadLate: time.Millisecond})
	lanes := []*traffic.Lane{{Faults: s.faults(r), Dice: r.Random(), Pause: 2 * time.Second}}
	var open []*traffic.Node
	for i := range nodes {
		n, faults := openNode(t, r, s, i)
		open = append(open, n)
		r.Connect(i, n)
		lanes = append(lanes, &traffic.Lane{Faults: faults, Dice: r.Random(), Pause: 3 * time.Second})
	}
	for _, m := range moods {
		r.Round(t.Context(), m, round, lanes)
	}
	r.Settle(t.Context())
	for i, n := range open {
		if err := n.Close(t.Context()); err != nil && !r.Broken() {
			t.Errorf("seed %d: node %d: close: %v", seed, i, err)
		}
	}
	s.close()
	time.Sleep(aftermath)
	r.Fail(t, fmt.Sprintf("BUBBLE_SEED=%d", seed))
	return r
}

// openNode opens a node and returns the faults of its networks. Every other node
// has one client for its data and its messages.
func openNode(t *testing.T, r *traffic.Run, s world, index int) (*traffic.Node, []traffic.Fault) {
	data, bus := newNetwork(s.accept, r.Random()), newNetwork(s.accept, r.Random())
	shared := index%2 == 1
	p, err := s.connect(t.Context(), shared, data, bus)
	if err != nil {
		t.Fatal(err)
	}
	n, err := traffic.Open(index, p, r.Source())
	if err != nil {
		t.Fatal(err)
	}
	if shared {
		return n, networkFaults(index, "all", data)
	}
	faults := append(networkFaults(index, "data", data), networkFaults(index, "bus", bus)...)
	return n, append(faults, networkFaults(index, "all", data, bus)...)
}

func networkFaults(node int, name string, networks ...*network) []traffic.Fault {
	each := func(f func(n *network)) func() {
		return func() {
			for _, n := range networks {
				f(n)
			}
		}
	}
	name = fmt.Sprintf("node %d, %s: ", node, name)
	heal := each((*network).heal)
	return []traffic.Fault{
		{Name: name + "cut", Begin: each((*network).cut)},
		{Name: name + "refused", Begin: each((*network).refuseAll), End: heal},
		{Name: name + "hung", Begin: each((*network).hangAll), End: heal},
		{Name: name + "slow", Begin: each((*network).slowDown), End: heal},
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package soak_test runs several caches against a real server while everything
// between them breaks. Package coherencetest judges from outside what their
// callers are told.
//
// Three nodes live in this process, one in another process that is stopped and
// killed. Times on real
// machines are not repeatable, so a seed gives the same faults and wishes, but not
// the same run.
//
//	SOAK=10m SOAK_SEED=7 go test -v -timeout 1h .
package soak_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"

	"github.com/fusioncache-go/fusioncache/contrib/integration/traffic"
)

func TestMain(m *testing.M) {
	logging.Disable()
	if os.Getenv(envTransport) != "" {
		if err := serveNode(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	before := runtime.NumGoroutine()
	code := m.Run()
	if code == 0 && !settled(before) {
		fmt.Fprintf(os.Stderr, "%d goroutines before the tests, %d after\n", before, runtime.NumGoroutine())
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
		code = 1
	}
	os.Exit(code)
}

// settled waits until there are no more than limit goroutines.
func settled(limit int) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > limit; <-tick.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

func TestSoak_Redis(t *testing.T) { soak(t, onRedis) }

func TestSoak_NATS(t *testing.T) { soak(t, onNATS) }

func TestSoak_RedisStream(t *testing.T) { soak(t, onRedisStream) }

func TestSoak_NATSStream(t *testing.T) { soak(t, onNATSStream) }

// The nodes: those in this process, and the one that can die.
const (
	inProcess = 3
	mortal    = inProcess
	clients   = 3 // per node
)

// round is how long faults go on until everything is healed and the nodes have to
// agree.
const round = 12 * time.Second

// In a hot round writes meet reads and each other. But what is wrong then is soon
// put right by the next write; that it lasts shows in a calm round.
var moods = [...]traffic.Mood{
	{Keys: traffic.Keys, Writes: 8, Think: 15 * time.Millisecond},
	{Keys: 3, Writes: 200, Think: 15 * time.Millisecond},
}

// run is a run with what it has to close.
type run struct {
	*traffic.Run
	tb     testing.TB
	local  []*traffic.Node
	remote *child
	lanes  []*traffic.Lane
}

// settings are how long to go on, and from which seed.
func settings(tb testing.TB) (length time.Duration, seed uint64) {
	tb.Helper()
	length, seed = 10*time.Second, 1
	var err error
	if text := os.Getenv("SOAK"); text != "" {
		if length, err = time.ParseDuration(text); err != nil {
			tb.Fatalf("SOAK: %v", err)
		}
		seed = uint64(time.Now().UnixNano())
	}
	if text := os.Getenv("SOAK_SEED"); text != "" {
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			tb.Fatalf("SOAK_SEED: %v", err)
		}
	}
	return length, seed
}

func soak(t *testing.T, on transport) {
	length, seed := settings(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	idle := newStalls()
	r := &run{tb: t, Run: traffic.New(traffic.Options{
		Seed: seed, Nodes: inProcess + 1, Clients: clients, ReadLate: time.Second, Stalled: idle.between,
	})}
	r.open(ctx, on)
	part := min(round, length/time.Duration(len(moods)))
	for i, end := 0, time.Now().Add(length); !r.Broken() && (time.Until(end) > part/2 || i < enough(r.Run)); i++ {
		r.Round(ctx, moods[i%len(moods)], part, r.lanes)
	}
	r.Settle(ctx)
	r.close()
	r.Fail(t, fmt.Sprintf("seed %d", seed))
	var sum traffic.Summary
	sum.Add(r.Run)
	t.Logf("seed %d, %v, of which this machine stood still for %v\n%v",
		seed, r.Now().Round(time.Second), idle.end().Round(time.Millisecond), &sum)
	sum.Demand(t)
}

// enough is how many rounds there are at least: more while some kind of answer has
// never come, as on a machine that is busy with other things.
func enough(r *traffic.Run) int {
	var sum traffic.Summary
	sum.Add(r)
	if len(sum.Missing()) > 0 {
		return 4 * len(moods)
	}
	return len(moods)
}

// open starts the server, the nodes and their ways to it.
func (r *run) open(ctx context.Context, on transport) {
	s := on.start(r.tb)
	r.disturb(s.faults(r), 1500*time.Millisecond)
	for i := range inProcess + 1 {
		data, bus := newProxy(r.tb, s.addr()), newProxy(r.tb, s.addr())
		l := link{Data: data.Addr(), Bus: bus.Addr()}
		r.disturb(linkFaults(i, data, bus), 3*time.Second)
		if i == mortal {
			r.openChild(ctx, on, l)
			continue
		}
		n, err := openNode(ctx, on, l, i, r.Source())
		if err != nil {
			r.tb.Fatal(err)
		}
		r.local = append(r.local, n)
		r.Connect(i, n)
	}
}

func (r *run) openChild(ctx context.Context, on transport, l link) {
	r.remote = newChild(r.tb, on, l, serveSource(r.tb, r.Source()))
	if err := r.remote.start(); err != nil {
		r.tb.Fatal(err)
	}
	r.Connect(mortal, r.remote)
	r.disturb(r.processFaults(ctx, r.remote), 3*time.Second)
}

func (r *run) disturb(faults []traffic.Fault, pause time.Duration) {
	r.lanes = append(r.lanes, &traffic.Lane{Faults: faults, Dice: r.Random(), Pause: pause})
}

// close closes all nodes, which owe nothing any more.
func (r *run) close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for i, n := range r.local {
		if err := n.Close(ctx); err != nil && !r.Broken() {
			r.tb.Errorf("node %d: close: %v", i, err)
		}
	}
	if err := r.remote.end(); err != nil && !r.Broken() {
		r.tb.Errorf("node process: close: %v", err)
	}
}

func openNode(ctx context.Context, t transport, l link, index int, from traffic.Truth) (*traffic.Node, error) {
	p, err := t.connect(ctx, l)
	if err != nil {
		if p.Close != nil {
			p.Close()
		}
		return nil, err
	}
	return traffic.Open(index, p, from)
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
	"github.com/fusioncache-go/fusioncache/plugins/stats"
)

// show is the service, its clients, and what is known of them so far.
type show struct {
	settings settings
	view     view
	database *database
	servers  servers
	recipe   recipe
	counter  *stats.Plugin // of all nodes
	nodes    []*node
	auditor  *auditor
	clients  *clients
	began    time.Time
	facts    facts
	rows     []row

	endTraffic func() // stops it and waits for its end
}

// closeWithin bounds the end of the show.
const closeWithin = 10 * time.Second

// perform plays the show and reports what was seen, also when ctx ends early. An
// error means that it could not be played.
func perform(ctx context.Context, s settings, v view) (*report, error) {
	sh := &show{settings: s, view: v, counter: stats.New()}
	err := sh.open(ctx)
	if err == nil {
		err = sh.playAll(ctx)
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	sh.facts.closed = errors.Join(sh.facts.closed, sh.close(closing))
	return &report{settings: s, rows: sh.rows, facts: sh.facts}, err
}

// open starts everything.
func (s *show) open(ctx context.Context) (err error) {
	s.view.note("filling the database with %s products", number(s.settings.products))
	if s.database, err = openDatabase(ctx, s.settings.products); err != nil {
		return err
	}
	if s.servers, err = startServers(ctx, s.settings); err != nil {
		return err
	}
	s.recipe = recipe{
		name:     "fusioncache-demo-" + rand.Text()[:8], // one's own even on a server that others use
		l1:       s.settings.l1,
		l2:       s.servers[s.settings.l2],
		bus:      s.servers[s.settings.backplane],
		defaults: entryOptions(max(time.Second, s.settings.part(0.12))),
	}
	for _, name := range []string{"A", "B", "C"} {
		n := &node{name: name, addr: "127.0.0.1:0", counter: s.counter}
		if err := s.startNode(ctx, n); err != nil {
			return err
		}
		s.nodes = append(s.nodes, n)
	}
	if s.auditor, err = newAuditor(ctx, &s.recipe); err != nil {
		return err
	}
	s.clients = newClients(s.nodes, s.database, s.auditor, s.settings.products)
	s.meet(ctx)
	s.view.note("three nodes are up: %s", s.settings.parts())
	return nil
}

// startNode starts a node, also again, and a witness with it.
func (s *show) startNode(ctx context.Context, n *node) error {
	if err := n.start(ctx, &s.recipe, s.database); err != nil {
		return err
	}
	n.witness = newWitness(s.settings.products)
	n.witness.watch(n.cache.Events())
	return nil
}

// meet waits a little for all nodes to hear each other, and has each serve a
// product, one after the other. A node that starts trusts its memory only when it
// hears the others; clients need not wait for that, but the numbers are clearer.
func (s *show) meet(ctx context.Context) {
	joined := func() bool { return s.counter.Snapshot().Count(core.Joined) >= uint64(len(s.nodes)) }
	for i := 0; i < 100 && !joined(); i++ {
		_ = pause(ctx, 20*time.Millisecond)
	}
	for _, n := range s.nodes {
		s.clients.get(ctx, n, 1)
	}
}

// close ends everything that open has started, as far as it came.
func (s *show) close(ctx context.Context) error {
	if s.endTraffic != nil {
		s.endTraffic()
	}
	var errs []error
	for _, n := range s.nodes {
		errs = append(errs, n.stop(ctx))
	}
	if s.auditor != nil {
		errs = append(errs, s.auditor.close(ctx))
	}
	if s.clients != nil {
		s.clients.close()
	}
	errs = append(errs, s.servers.close())
	if s.database != nil {
		errs = append(errs, s.database.close())
	}
	return errors.Join(errs...)
}

// playAll plays one act after the other while the clients send their requests.
func (s *show) playAll(ctx context.Context) error {
	s.began = time.Now()
	stop := s.startTraffic(ctx)
	defer stop()
	first := s.mark()
	defer func() { s.facts.whole, s.facts.stood = s.since(first), s.clients.clock.stood() }()
	all := acts()
	for i, a := range all {
		if err := s.play(ctx, i, len(all), a); err != nil {
			return fmt.Errorf("act %q: %w", a.title, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (s *show) play(ctx context.Context, i, of int, a act) error {
	s.view.begin(i+1, of, a)
	from := s.mark()
	agreed, err := a.play(ctx, s)
	r := row{title: a.title, reading: s.since(from), agreed: agreed}
	s.rows = append(s.rows, r)
	s.view.end(r)
	return err
}

// startTraffic starts the clients and the live view. The function that it returns
// ends both; it may be called twice.
func (s *show) startTraffic(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { s.clients.traffic(ctx, s.settings.rate) })
	running.Go(func() { s.watch(ctx) })
	s.endTraffic = func() {
		cancel()
		running.Wait()
	}
	return s.endTraffic
}

// watch shows how things are until ctx ends.
func (s *show) watch(ctx context.Context) {
	before := s.mark()
	for pause(ctx, s.view.live().every()) == nil {
		now := s.mark()
		s.view.live().tick(s.status(before, now))
		before = now
	}
}

// status is a moment of the show.
type status struct {
	reading
	elapsed  time.Duration
	database string
	circuit  string // of L2, at the nodes
}

func (s *show) status(from, to mark) status {
	now := s.database.state.Load()
	st := status{reading: s.clients.meter.between(from, to), elapsed: to.at.Sub(s.began), database: "up", circuit: s.circuits()}
	switch {
	case now.down:
		st.database = "DOWN"
	case now.delay > normal().delay:
		st.database = "SLOW"
	}
	return st
}

// closedCircuits is what circuits says when all is well.
const closedCircuits = "closed"

// circuits says at how many nodes the circuit to L2 is not closed.
func (s *show) circuits() string {
	broken := 0
	for _, n := range s.nodes {
		if n.busy.TryRLock() {
			if n.cache.circuits.State(core.LevelDistributed) != breaker.Closed {
				broken++
			}
			n.busy.RUnlock()
		}
	}
	if broken == 0 {
		return closedCircuits
	}
	return fmt.Sprintf("open (%d of %d nodes)", broken, len(s.nodes))
}

// mark returns the present state of all counters.
func (s *show) mark() mark {
	m := mark{ran: s.clients.clock.now(), hits: s.counter.Snapshot(), loads: s.database.total.Load()}
	s.clients.meter.now(&m)
	return m
}

func (s *show) since(from mark) reading { return s.clients.meter.between(from, s.mark()) }

// agree waits until all nodes serve what the database has for ids, and tells how
// long that took; ok is false if it takes longer than limit.
func (s *show) agree(ctx context.Context, ids []int, limit time.Duration) (took time.Duration, ok bool) {
	clock := s.clients.clock
	start := clock.now()
	open := make(map[int]bool, len(ids))
	for _, id := range ids {
		open[id] = true
	}
	for ctx.Err() == nil && clock.now()-start < limit {
		for id := range open {
			if s.agreed(ctx, id) {
				delete(open, id)
			}
		}
		if len(open) == 0 {
			return clock.now() - start, true
		}
		_ = pause(ctx, 5*time.Millisecond)
	}
	return clock.now() - start, len(open) == 0
}

// agreed reports whether all nodes serve what the database has.
func (s *show) agreed(ctx context.Context, id int) bool {
	truth, err := s.database.truth(ctx, id)
	if err != nil {
		return false
	}
	for _, n := range s.nodes {
		if p, ok := s.clients.get(ctx, n, id); !ok || p.Revision != truth.Revision {
			return false
		}
	}
	return true
}

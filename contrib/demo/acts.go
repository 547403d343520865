// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// act is a part of the show. Traffic goes on during all of them.
type act struct {
	title string
	story string

	// play plays it and returns the longest time that the nodes needed to agree,
	// zero if that is no matter. It returns an error if it cannot be played; that
	// ctx has ended is none.
	play func(ctx context.Context, s *show) (agreed time.Duration, err error)
}

// reserved is the number of products that nobody asks for until a stampede does.
const reserved = 100

// acts are the acts in their order.
func acts() []act {
	return []act{
		{"warm-up", "clients come, every node fills its memory", warmUp},
		{"stampede", "a crowd asks for one product that no level has", stampede},
		{"price change", "a price changes on one node, the others are asked for it", changePrices},
		{"database slow", "every query takes two seconds", slowDatabase},
		{"database down", "every query fails", databaseDown},
		{"L2 down and back", "no node reaches L2; prices go on changing", loseL2},
		{"node restarted", "one node starts anew, with an empty memory", restartNode},
	}
}

func warmUp(ctx context.Context, s *show) (time.Duration, error) {
	_ = pause(ctx, s.settings.part(0.2))
	return 0, nil
}

// stampede sends a crowd to one node, and another to all three, which share a
// lock.
func stampede(ctx context.Context, s *show) (time.Duration, error) {
	s.database.be(condition{delay: 200 * time.Millisecond}) // so that the crowd really meets
	defer s.database.be(normal())
	first, second := s.settings.products, s.settings.products-1
	f := &stampedeFacts{crowd: s.settings.crowd}

	f.failed = s.clients.crowd(ctx, f.crowd, first, func(int) *node { return s.nodes[0] })
	f.loads = s.loadsOf(first)
	s.view.note("%s clients at node A: %d load", number(f.crowd), f.loads)
	for _, n := range s.nodes {
		s.clients.get(ctx, n, first)
	}
	f.loadsAfter = s.loadsOf(first)

	f.failed += s.clients.crowd(ctx, f.crowd, second, func(i int) *node { return s.nodes[i%len(s.nodes)] })
	f.loadsSpread = s.loadsOf(second)
	s.view.note("%s clients at all nodes: %d load", number(f.crowd), f.loadsSpread)
	if ctx.Err() == nil {
		s.facts.stampede = f
	}
	return 0, nil
}

func (s *show) loadsOf(id int) int { return int(s.database.loads[id].Load()) }

// changePrices changes the prices of the most popular products, which every node
// holds in memory, and asks the nodes until all have the new one.
func changePrices(ctx context.Context, s *show) (time.Duration, error) {
	f := &changeFacts{}
	end := time.Now().Add(s.settings.part(0.1))
	for id := 1; time.Now().Before(end) && ctx.Err() == nil; id++ {
		if !s.agreed(ctx, id) {
			continue // the traffic is changing it just now
		}
		if _, ok := s.clients.setPrice(ctx, s.nodes[id%len(s.nodes)], id, int64(id)*100); !ok {
			return f.worst, ignoreEnd(ctx, fmt.Errorf("price of product %d does not change", id))
		}
		took, ok := s.agree(ctx, []int{id}, promptly)
		f.rounds++
		f.worst = max(f.worst, took)
		if !ok {
			f.late++
		}
		_ = pause(ctx, s.settings.part(0.01))
	}
	if ctx.Err() == nil {
		s.facts.change = f
		s.view.note("%d changes, all nodes agreed after %s at most", f.rounds, duration(f.worst))
	}
	return f.worst, nil
}

// slowDatabase: prices end their fresh life meanwhile, and are served stale after
// the soft timeout, while the load goes on in the background.
func slowDatabase(ctx context.Context, s *show) (time.Duration, error) {
	from := s.mark()
	s.database.be(condition{delay: slowQuery})
	defer s.database.be(normal())
	_ = pause(ctx, max(slowQuery, s.settings.part(0.15)))
	if ctx.Err() == nil {
		r := s.since(from)
		s.facts.slow = &r
	}
	return 0, nil
}

// databaseDown: whatever was served before is served again. Prices cannot change.
func databaseDown(ctx context.Context, s *show) (time.Duration, error) {
	s.clients.quiet.Store(true)
	defer s.clients.quiet.Store(false)
	from := s.mark()
	s.database.be(condition{down: true})
	defer s.database.be(normal())
	_ = pause(ctx, s.settings.part(0.2))
	if ctx.Err() == nil {
		r := s.since(from)
		s.facts.down = &r
		if r.empty > 0 {
			s.view.note("%s answers 503, for products that no level has", number(r.empty))
		}
	}
	return 0, nil
}

// coldAsks is the number of products that a cold node is asked for.
const coldAsks = 100

// restartNode takes the last node out of service, starts it anew and asks it for
// what L2 has. Its clients go to the others meanwhile.
//
// An L2 that lost all it had in the act before has lost the epoch of the cache
// too. The nodes find out within seconds; until then a node that starts has a new
// one, and finds nothing. So the act begins when one would find something.
func restartNode(ctx context.Context, s *show) (time.Duration, error) {
	from := s.mark()
	n := s.nodes[len(s.nodes)-1]
	f := &restartFacts{}
	scout, err := newAuditor(ctx, &s.recipe)
	if err != nil {
		return 0, err
	}
	defer func() { s.facts.closed = errors.Join(s.facts.closed, scout.close(context.WithoutCancel(ctx))) }()
	for i := 0; i < 100 && scout.count(ctx, coldAsks) < coldAsks/4; i++ {
		_ = pause(ctx, 100*time.Millisecond)
	}
	begin := s.clients.clock.now()
	if err := s.restart(ctx, n, scout, f); err != nil {
		return 0, ignoreEnd(ctx, err)
	}
	_, _ = s.agree(ctx, s.clients.ledger.changedIDs(begin-time.Second), recoverWithin)
	took := s.clients.clock.now() - begin
	_ = pause(ctx, s.settings.part(0.1))
	if ctx.Err() == nil {
		f.reading = s.since(from)
		s.facts.restart = f
	}
	return took, nil
}

func (s *show) restart(ctx context.Context, n *node, scout *auditor, f *restartFacts) error {
	n.busy.Lock()
	defer n.busy.Unlock()
	closing, cancel := context.WithTimeout(ctx, closeWithin)
	defer cancel()
	s.facts.closed = errors.Join(s.facts.closed, n.stop(closing))
	if err := s.startNode(ctx, n); err != nil {
		return err
	}
	for id := 1; id <= coldAsks; id++ {
		if !scout.fresh(ctx, id) {
			continue
		}
		before := s.loadsOf(id)
		s.clients.get(ctx, n, id)
		f.asked++
		f.loads += min(1, s.loadsOf(id)-before)
	}
	s.view.note("node %s is back; of %d products in L2 it found %d", n.name, f.asked, f.asked-f.loads)
	return nil
}

// ignoreEnd returns err, unless it is only that the show has been ended.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

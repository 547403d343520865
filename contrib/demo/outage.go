// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

// loseL2 takes the server of L2 away, and with it the backplane if that is on the
// same server. Then the nodes cannot tell each other of new prices: old ones are
// excused until the server is back, every node has found it again, and everything
// has been made good.
func loseL2(ctx context.Context, s *show) (time.Duration, error) {
	s.clients.excused.Store(true)
	defer s.clients.excused.Store(false)
	from := s.mark()
	if err := s.recipe.l2.stop(ctx); err != nil {
		return 0, err
	}
	joins := s.joins()
	_ = pause(ctx, s.settings.part(0.15))
	during := s.since(from)
	if err := s.recipe.l2.start(context.WithoutCancel(ctx)); err != nil {
		return 0, err
	}
	back := s.clients.clock.now()
	s.view.note("L2 is back; %s prices changed without it", number(during.writes))
	took, ok := s.agree(ctx, s.clients.ledger.changedIDs(from.ran), recoverWithin)
	s.view.note("all nodes agree %s later", duration(took))
	whole := s.reunite(ctx, joins, from.ran)
	apart := s.clients.clock.now() - back
	s.clients.excused.Store(false)
	if ctx.Err() == nil {
		s.facts.outage = &outageFacts{during: during, agreed: took, inTime: ok, apart: apart, whole: whole}
		s.view.note("old prices were excused until %s after its return", duration(apart))
	}
	_ = pause(ctx, max(2*time.Second, s.settings.part(0.05))) // what is not excused any more has time to show
	return took, nil
}

// joins returns how often each node has joined the others.
func (s *show) joins() (all []int64) {
	for _, n := range s.nodes {
		all = append(all, n.witness.joins.Load())
	}
	return all
}

// reunite waits until every node reaches L2 and hears the others, whom it had joined
// so often when the server went, and all of them serve what the database has. That
// they agree is not enough: a node tries L2 and the backplane again at times of their
// own, and until it has joined it does not hear of the next change. Nor are the
// connections enough: what changed on the last node to find L2 may still be owed. It
// waits no longer than reuniteWithin for either, and reports whether both came.
func (s *show) reunite(ctx context.Context, joins []int64, since time.Duration) bool {
	clock := s.clients.clock
	begin := clock.now()
	for !s.connected(joins) {
		if clock.now()-begin > reuniteWithin || pause(ctx, 20*time.Millisecond) != nil {
			return false
		}
	}
	_, ok := s.agree(ctx, s.clients.ledger.changedIDs(since), reuniteWithin)
	return ok
}

func (s *show) connected(joins []int64) bool {
	for _, n := range s.nodes {
		for _, level := range []core.Level{core.LevelDistributed, core.LevelBackplane} {
			if n.cache.circuits.State(level) != breaker.Closed {
				return false
			}
		}
	}
	return s.joined(joins)
}

// joined reports whether every node has joined again, unless the backplane was not on
// the server that went.
func (s *show) joined(before []int64) bool {
	if s.recipe.bus != s.recipe.l2 {
		return true
	}
	for i, now := range s.joins() {
		if now <= before[i] {
			return false
		}
	}
	return true
}

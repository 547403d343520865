// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"slices"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/stats"
)

// counts are what the clients see. They only grow.
type counts struct {
	answers  int // 200
	refusals int // anything else, although there was something to serve
	empty    int // 503 while the database was down and neither the node nor L2 had anything
	writes   int // price changes
	outdated int // answers with a price that should have been gone
	excused  int // the same, while the nodes could not be told
	wrong    int // answers that were never true
	waits    int // answers that came as late as the slow database, although the node had a value
}

// requests returns the number of questions.
func (c counts) requests() int { return c.answers + c.refusals + c.empty }

func (c counts) sub(o counts) counts {
	return counts{
		answers: c.answers - o.answers, refusals: c.refusals - o.refusals, empty: c.empty - o.empty,
		writes: c.writes - o.writes, outdated: c.outdated - o.outdated, excused: c.excused - o.excused,
		wrong: c.wrong - o.wrong, waits: c.waits - o.waits,
	}
}

// meter counts and times what the clients see. Safe for concurrent use.
type meter struct {
	mu     sync.Mutex
	counts counts
	took   []time.Duration // of all requests, in the order of their ends
}

// add counts one request, as count says.
func (m *meter) add(took time.Duration, count func(c *counts)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.took = append(m.took, took)
	count(&m.counts)
}

// wrote counts a price change.
func (m *meter) wrote() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts.writes++
}

// mark is a point in time to measure from.
type mark struct {
	at     time.Time
	ran    time.Duration // on the stopwatch
	counts counts
	timed  int
	hits   stats.Snapshot
	loads  int64
}

// reading is what happened between two marks.
type reading struct {
	counts
	span   time.Duration
	median time.Duration
	p99    time.Duration
	hits   stats.Snapshot
	loads  int64
}

// now fills in what the meter knows.
func (m *meter) now(to *mark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	to.at, to.counts, to.timed = time.Now(), m.counts, len(m.took)
}

// between returns what happened from one mark to the other.
func (m *meter) between(from, to mark) reading {
	m.mu.Lock()
	took := slices.Clone(m.took[from.timed:to.timed])
	m.mu.Unlock()
	slices.Sort(took)
	return reading{
		counts: to.counts.sub(from.counts),
		span:   to.at.Sub(from.at),
		median: quantile(took, 0.5),
		p99:    quantile(took, 0.99),
		hits:   to.hits.Sub(from.hits),
		loads:  to.loads - from.loads,
	}
}

// quantile returns the value below which a share of the sorted values lies.
func quantile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(share*float64(len(sorted)-1))]
}

// memory returns the share of requests that L1 answered; distributed, stale and
// missed those of L2, of fail-safe, and of the database or nobody.
func (r reading) memory() float64 { return r.share(r.hits.CountAt(core.Hit, core.LevelMemory)) }
func (r reading) distributed() float64 {
	return r.share(r.hits.CountAt(core.Hit, core.LevelDistributed))
}
func (r reading) stale() float64  { return r.share(r.hits.Count(core.StaleHit)) }
func (r reading) missed() float64 { return r.share(r.hits.Count(core.Miss)) }

// staleAnswers returns how often a stale value stood in for a fresh one.
func (r reading) staleAnswers() int { return int(r.hits.Count(core.StaleHit)) }

func (r reading) share(n uint64) float64 {
	all := r.hits.Count(core.Hit | core.StaleHit | core.Miss)
	if all == 0 {
		return 0
	}
	return float64(n) / float64(all)
}

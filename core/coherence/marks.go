// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Marks are the present generations of the tags, and of the whole cache, whose
// tag is "". An entry is valid if the generations that it was loaded under are
// the present ones. They are random numbers and have no order: there is nothing
// that clocks could get wrong, and what is not known is invalid.
//
// The distributed layer holds them; this is what the node knows of them. Without
// a distributed layer each node draws its own, which serves as well: entries are
// then its own too.
//
// Safe for concurrent use.
type Marks struct {
	shared *Shared // nil without a distributed layer
	clock  core.Clock
	maxAge time.Duration

	// changed is when a mark last changed: entries marked since need no look. It
	// is set after the new generation is known, so nobody can mark an entry with
	// the old one later than that.
	changed atomic.Int64

	mu    sync.Mutex
	known map[string]mark
}

// mark is what is known of one generation.
type mark struct {
	gen   core.Generation
	at    core.Instant // when the read that gave it began; Never if it is the node's own
	doubt core.Instant // when another node was heard to have changed it
}

// doubted reports whether the generation may have changed since it was read: it
// is then for use only if the server is away.
func (k mark) doubted() bool { return k.doubt >= k.at || k.gen.IsZero() }

// unread is the instant of a generation that was not read: the node has drawn it
// because the server did not answer. Any doubt, and any read, is later.
const unread core.Instant = math.MinInt64 + 1

// maxMarks bounds the tags that a node remembers.
const maxMarks = 100_000

// markLife is how long a mark that nobody reads stays in the distributed layer.
// When it is gone, its entries are invalid.
const markLife = 30 * 24 * time.Hour

// NewMarks returns the marks of a node. What was read longer than maxAge ago is
// read again before anything is stored under it; zero: 5 s.
func NewMarks(s *Shared, clock core.Clock, maxAge time.Duration) *Marks {
	if maxAge == 0 {
		maxAge = 5 * time.Second
	}
	m := &Marks{shared: s, clock: clock, maxAge: maxAge, known: make(map[string]mark)}
	m.changed.Store(math.MinInt64)
	return m
}

// Current reports whether no mark has changed since an entry was marked.
func (m *Marks) Current(marked core.Instant) bool { return int64(marked) >= m.changed.Load() }

// Begin returns the generations of the whole cache and of tags, to load or write
// an entry under, and the instant as of which they hold.
func (m *Marks) Begin(ctx context.Context, tags []string) (epoch core.Generation, gens []core.Generation, at core.Instant) {
	at = m.clock.Now()
	epoch = m.read(ctx, "")
	if len(tags) > 0 {
		gens = make([]core.Generation, len(tags))
		for i, t := range tags {
			gens[i] = m.read(ctx, t)
		}
	}
	return epoch, gens, at
}

// Standing is how an entry stands to the present marks.
type Standing uint8

// The standings, from best to worst.
const (
	Valid    Standing = iota
	Unknown           // a mark has to be read first
	Outdated          // expired with a tag, or with everything: fail-safe can use it
	Revoked           // removed
)

// Judge compares an entry's generations with what is known, without asking
// anybody.
func (m *Marks) Judge(e *core.Meta) Standing {
	m.mu.Lock()
	defer m.mu.Unlock()
	worst := m.judge("", e.Epoch)
	for i, t := range e.Tags {
		var g core.Generation
		if i < len(e.Generations) {
			g = e.Generations[i]
		}
		worst = max(worst, m.judge(t, g))
	}
	return worst
}

func (m *Marks) judge(tag string, g core.Generation) Standing {
	k, ok := m.known[tag]
	switch {
	case !ok || k.doubted():
		return Unknown
	case k.gen.Hard != g.Hard:
		return Revoked
	case k.gen.Soft != g.Soft:
		return Outdated
	}
	return Valid
}

// Learn asks the distributed layer for the marks of tags that are not known, and
// then judges.
func (m *Marks) Learn(ctx context.Context, e *core.Meta) Standing {
	m.read(ctx, "")
	for _, t := range e.Tags {
		m.read(ctx, t)
	}
	return m.Judge(e)
}

// read returns the generation of a tag: as known, or from the distributed layer.
// If that does not answer, the last known one serves; nothing known becomes a
// generation of the node's own.
func (m *Marks) read(ctx context.Context, tag string) core.Generation {
	now := m.clock.Now()
	m.mu.Lock()
	k, ok := m.known[tag]
	m.mu.Unlock()
	if ok && !k.doubted() && (m.shared == nil || now.Sub(k.at) < m.maxAge) {
		return k.gen
	}
	if m.shared == nil {
		return m.learn(tag, draw(), core.Never)
	}
	if g, err := m.shared.mark(ctx, tag); err == nil {
		return m.learn(tag, g, now)
	}
	if ok && !k.gen.IsZero() {
		return k.gen
	}
	return m.learn(tag, draw(), unread)
}

// learn notes the generation of a tag, read at the instant at, and returns it.
func (m *Marks) learn(tag string, g core.Generation, at core.Instant) core.Generation {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.known[tag]
	if ok && k.at > at {
		return k.gen // somebody has read, or written, later
	}
	if !ok && len(m.known) >= maxMarks {
		m.forgetOne()
	}
	if !ok {
		k.doubt = math.MinInt64
	}
	m.known[tag] = mark{gen: g, at: at, doubt: k.doubt}
	if ok && k.gen != g {
		m.changed.Store(int64(m.clock.Now()))
	}
	return g
}

func (m *Marks) forgetOne() {
	for t := range m.known {
		if t != "" {
			delete(m.known, t)
			return
		}
	}
}

// Renew draws a new generation for a tag, or for everything: soft to expire,
// hard to remove. It holds on this node at once.
func (m *Marks) Renew(tag string, soft bool) core.Generation {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := draw()
	if k, ok := m.known[tag]; ok && soft {
		g.Hard = k.gen.Hard
	}
	at := m.clock.Now()
	if m.shared == nil {
		at = core.Never
	}
	m.known[tag] = mark{gen: g, at: at, doubt: math.MinInt64}
	m.changed.Store(int64(m.clock.Now()))
	return g
}

// Doubt notes that another node has changed the mark of a tag.
func (m *Marks) Doubt(tag string, soft bool) {
	if m.shared == nil {
		m.Renew(tag, soft)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.known[tag]
	if !ok {
		k.at = unread
	}
	k.doubt = m.clock.Now()
	m.known[tag] = k
	m.changed.Store(int64(m.clock.Now()))
}

// DoubtAll notes that messages may have been lost.
func (m *Marks) DoubtAll() {
	if m.shared == nil {
		return // the entries themselves are suspect, and nobody can clear them
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	for t, k := range m.known {
		k.doubt = now
		m.known[t] = k
	}
	m.changed.Store(int64(m.clock.Now()))
}

// Refresh reads the mark of the whole cache if it is old. A server that was
// emptied has another one, or none: so the node finds out.
func (m *Marks) Refresh(ctx context.Context) {
	if m.shared != nil && m.shared.arbiter != nil {
		m.read(ctx, "")
	}
}

// draw returns a generation that was never used before.
func draw() core.Generation {
	var b [16]byte
	rand.Read(b[:]) // never fails, since Go 1.24
	return core.Generation{Hard: binary.LittleEndian.Uint64(b[:]) | 1, Soft: binary.LittleEndian.Uint64(b[8:])}
}

// stamp puts generations into the metadata of an entry.
func stamp(m core.Meta, tags []string, epoch core.Generation, gens []core.Generation, at core.Instant) core.Meta {
	m.Tags, m.Epoch, m.Generations, m.Marked = slices.Clip(tags), epoch, gens, at
	return m
}

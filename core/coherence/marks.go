// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
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
	shared *Shared   // nil without a distributed layer
	debts  *Recovery // nil: there are none
	clock  core.Clock
	maxAge time.Duration

	// changes counts the changes of marks: an entry that was found valid at the
	// present count needs no look. It is raised after the new generation is known,
	// and read before generations are: so an entry under an old one never has the
	// new count.
	changes atomic.Uint64

	// renewed says that this node has given the distributed layer a mark of the whole
	// cache that had none, and has not told the others yet.
	renewed atomic.Uint32

	// surprised is called when a mark was found changed of which no message had told: what
	// is under way began before that, as far as anybody knows, and nobody who comes later
	// is to share it. It is called without mu. Nil: nobody minds.
	surprised func()

	lag time.Duration // of what the distributed layer answers

	// plain is the stamp of those who last began without tags: for most entries one
	// does.
	plain atomic.Pointer[core.Stamp]

	mu        sync.Mutex
	known     map[string]mark
	echoes    echoes // if the distributed layer lags
	forgotten uint64 // the latest change of a mark that there was no room for
}

// mark is what is known of one generation.
type mark struct {
	gen     core.Generation
	header  core.Header     // of what the distributed layer was last known to hold; zero: not known
	own     core.Generation // what this node stored under before it knew gen; zero: nothing
	at      core.Instant    // when it was read, for its age
	drawn   core.Instant    // when this node last drew one; zero: never
	touched uint64          // the change that last renewed or doubted it
	heard   uint64          // the change that another node has told of since it was read
	gone    uint64          // the same, if it was a removal
	doubted bool            // it may have changed: for use only if the server is away
	floor   fence           // what the distributed layer holds for certain, though it may answer with older
}

// maxMarks bounds the tags that a node remembers.
const maxMarks = 100_000

// markLife is how long a mark that nobody reads stays in the distributed layer: who
// reads it when half of that is over prolongs it. When it is gone, its entries are
// invalid. Without an arbiter nobody can prolong the marks of tags.
const markLife = 30 * 24 * time.Hour

// NewMarks returns the marks of a node. What was read longer than maxAge ago is
// read again before anything is stored under it; zero: 5 s.
func NewMarks(s *Shared, clock core.Clock, maxAge time.Duration) *Marks {
	if maxAge == 0 {
		maxAge = 5 * time.Second
	}
	return &Marks{shared: s, clock: clock, maxAge: maxAge, known: make(map[string]mark), echoes: *noEchoes()}
}

// Current reports whether no mark has changed since the count was marked.
func (m *Marks) Current(marked uint64) bool { return marked == m.changes.Load() }

// Begin returns the generations of the whole cache and of tags, to load or write
// an entry under, and the count of changes at which they hold. Where the
// distributed layer does not answer, they are what Recall returns; see Sure.
func (m *Marks) Begin(ctx context.Context, tags []string) *core.Stamp {
	return m.stamp(m.changes.Load(), tags, func(tag string) core.Generation { return m.read(ctx, tag) })
}

// begin is Begin within limit.
func (m *Marks) begin(ctx context.Context, limit time.Duration, tags []string) *core.Stamp {
	if m.shared == nil {
		return m.Begin(ctx, tags)
	}
	if at := m.changes.Load(); m.Sure(tags) { // nobody has to be asked, so nothing has to be timed
		return m.recall(at, tags)
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return m.Begin(within, tags)
}

// stamp returns the stamp of what begins with tags at a count of changes; their
// generations are what of says.
func (m *Marks) stamp(at uint64, tags []string, of func(tag string) core.Generation) *core.Stamp {
	epoch := of("")
	if len(tags) == 0 {
		return m.share(epoch, at)
	}
	gens := make([]core.Generation, len(tags))
	for i, t := range tags {
		gens[i] = of(t)
	}
	return &core.Stamp{Tags: slices.Clip(tags), Epoch: epoch, Generations: gens, Marked: at}
}

// share returns the stamp of entries without tags, the same for all as long as nothing
// changes.
func (m *Marks) share(epoch core.Generation, marked uint64) *core.Stamp {
	if p := m.plain.Load(); p != nil && p.Epoch == epoch && p.Marked == marked {
		return p
	}
	p := &core.Stamp{Epoch: epoch, Marked: marked}
	m.plain.Store(p)
	return p
}

// marked returns s, which may be nil, as found valid at the given count of changes.
func (m *Marks) marked(s *core.Stamp, count uint64) *core.Stamp {
	if s == nil {
		return &core.Stamp{Marked: count}
	}
	if len(s.Tags) == 0 {
		return m.share(s.Epoch, count)
	}
	if s.Marked == count {
		return s
	}
	now := *s
	now.Marked = count
	return &now
}

// stampOf returns the stamp of e, or an empty one.
func stampOf(e *core.Meta) *core.Stamp {
	if e.Stamp == nil {
		return &core.Stamp{}
	}
	return e.Stamp
}

// Sure reports whether what Begin has just returned for tags are the generations
// that the distributed layer holds, as far as the node knows.
func (m *Marks) Sure(tags []string) bool {
	if m.shared == nil {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	sure := m.sure("", now)
	for _, t := range tags {
		sure = sure && m.sure(t, now)
	}
	return sure
}

// Recall is Begin without asking the distributed layer, for when that is away.
func (m *Marks) Recall(tags []string) *core.Stamp { return m.recall(m.changes.Load(), tags) }

func (m *Marks) recall(at uint64, tags []string) *core.Stamp {
	return m.stamp(at, tags, func(tag string) core.Generation { return m.invent(tag, 0) })
}

// sure reports whether a mark was read just now, and nothing was heard of it since.
// The lock is held.
func (m *Marks) sure(tag string, now core.Instant) bool {
	k := m.known[tag]
	return k.at != 0 && !k.doubted && now.Sub(k.at) < m.maxAge && !m.lapsed(k, now)
}

// Settle returns the metadata of an entry that was given its generations without
// the distributed layer, with those that the layer holds: they held then too, if
// no mark of the entry is known to have changed since. Otherwise it leaves e as it
// is, and the entry is invalid; it may have been removed. It fails if the layer
// does not answer.
func (m *Marks) Settle(ctx context.Context, e core.Meta) (core.Meta, error) {
	epoch, err := m.ask(ctx, "")
	if err != nil {
		return e, err
	}
	before := stampOf(&e)
	gens := make([]core.Generation, len(before.Tags))
	for i, t := range before.Tags {
		if gens[i], err = m.ask(ctx, t); err != nil {
			return e, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	touched := m.forgotten
	for _, t := range append([]string{""}, before.Tags...) {
		if m.shared != nil && !m.sure(t, m.clock.Now()) {
			return e, errMark
		}
		touched = max(touched, m.known[t].touched)
	}
	if touched <= before.Marked {
		e.Stamp = &core.Stamp{Tags: before.Tags, Epoch: epoch, Generations: gens, Marked: before.Marked}
	}
	return e, nil
}

// Learn asks the distributed layer for the marks of e that are not known, and
// then judges. It asks once more if they have been doubted meanwhile.
func (m *Marks) Learn(ctx context.Context, e *core.Meta) (s Standing) {
	for range 2 {
		m.read(ctx, "")
		for _, t := range e.Stamp.Names() {
			m.read(ctx, t)
		}
		if s = m.Judge(e); s != Unknown {
			break
		}
	}
	return s
}

// read returns the generation of a tag: as known, or from the distributed layer.
// If that does not answer, the last known one serves; nothing known becomes a
// generation of the node's own.
func (m *Marks) read(ctx context.Context, tag string) core.Generation {
	g, _ := m.ask(ctx, tag)
	return g
}

// ask is read, and why the distributed layer did not answer.
func (m *Marks) ask(ctx context.Context, tag string) (core.Generation, error) {
	began := m.changes.Load()
	now := m.clock.Now()
	m.mu.Lock()
	k := m.known[tag]
	sure := m.sure(tag, now)
	m.mu.Unlock()
	known := !k.gen.IsZero()
	if known && (sure || !k.doubted && m.shared == nil) {
		return k.gen, nil
	}
	if m.shared == nil {
		return m.invent(tag, now), nil
	}
	if known {
		if _, owes := m.debts.owes(markKey(tag)); owes {
			return m.keep(tag, now, began), nil
		}
	}
	p, made, err := m.shared.mark(ctx, tag)
	if err != nil {
		return m.invent(tag, 0), err // it stays to be read: it is old at once
	}
	if made {
		defer m.drew(tag)
		if tag == "" {
			m.renewed.Store(tidingsOf(k))
		}
	}
	return m.answered(tag, p, now, began)
}

// keep returns the generation that this node has drawn for a tag and that the
// distributed layer does not know yet: what that holds would undo the removal. If
// another node has changed the mark too, it is a new one.
func (m *Marks) keep(tag string, now core.Instant, began uint64) core.Generation {
	m.mu.Lock()
	k := m.known[tag]
	m.mu.Unlock()
	if k.doubted {
		k.gen = draw()
	}
	return m.learn(tag, placed{gen: k.gen, header: k.header}, now, began)
}

// invent returns the generation of a tag that the distributed layer does not
// give: the last known one, or else one of the node's own, the same for all who
// ask at once.
func (m *Marks) invent(tag string, at core.Instant) core.Generation {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.known[tag]
	if !k.gen.IsZero() {
		return k.gen
	}
	m.makeRoom()
	m.known[tag] = mark{gen: draw(), at: at, touched: k.touched, heard: k.heard, gone: k.gone, floor: k.floor}
	return m.known[tag].gen
}

// learn notes what the distributed layer holds for a tag and returns the generation.
// What was read before the last renewal or doubt of it, as of change began, may be the
// one before.
func (m *Marks) learn(tag string, p placed, at core.Instant, began uint64) core.Generation {
	g, surprise := m.note(tag, p, at, began)
	if surprise && m.surprised != nil {
		m.surprised()
	}
	return g
}

// note is learn, and reports whether another node has changed the mark though no message
// had told of that yet.
func (m *Marks) note(tag string, p placed, at core.Instant, began uint64) (g core.Generation, surprise bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.known[tag]
	if ok && k.touched > began {
		return k.gen, false
	}
	if !ok {
		m.makeRoom()
	}
	now := mark{gen: p.gen, header: p.header, own: k.follow(p.gen), at: at, drawn: k.drawn, touched: k.touched, floor: k.floor}
	now.raise(p.header.Version, at, m.lag)
	if !k.gen.IsZero() && k.gen != p.gen {
		change := m.changes.Add(1)
		if k.at != 0 {
			now.touched, surprise = change, !k.doubted
		}
	}
	m.known[tag] = now
	return p.gen, surprise
}

// follow returns what the node's own generation is when that of the distributed
// layer is found to be g. What the node has made up in its absence goes on to hold,
// if no change was heard of since: the writes under it are the node's latest.
func (k mark) follow(g core.Generation) core.Generation {
	if k.at == 0 && !k.doubted {
		return k.gen
	}
	return k.outlive(g)
}

// outlive returns what the node's own generation is when the one that it stands
// beside becomes g: it ends with a removal, and expires with an expiry.
func (k mark) outlive(g core.Generation) core.Generation {
	switch {
	case k.own.IsZero() || k.gen.Hard != g.Hard:
		return core.Generation{}
	case k.gen.Soft != g.Soft:
		return core.Generation{Hard: k.own.Hard, Soft: g.Soft}
	}
	return k.own
}

// makeRoom forgets any one tag when there are too many: it will be read again.
func (m *Marks) makeRoom() {
	if len(m.known) < maxMarks {
		return
	}
	for t, k := range m.known {
		if t != "" {
			m.forgotten = max(m.forgotten, k.touched)
			delete(m.known, t)
			return
		}
	}
}

// Refresh reads the mark of the whole cache if it is old. A server that was
// emptied has another one, or none: so the node finds out. ok is false if the
// layer did not answer.
func (m *Marks) Refresh(ctx context.Context) (ok bool) {
	if m.shared == nil || m.shared.arbiter == nil {
		return true
	}
	m.read(ctx, "")
	return m.Sure(nil)
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// maxPeers bounds the nodes that one node keeps account of.
const maxPeers = 100_000

// peers keeps account of the messages of each node: changes are numbered, so a
// number that does not come is a message that was lost. Signs of life have the
// number of the last change before them. A message may be overtaken by fewer than
// 4096 later ones of its sender, for as long as GapWait.
//
// Not safe for concurrent use.
type peers struct {
	options PulseOptions
	known   map[wire.NodeID]*peer

	// For a while after this node has joined, it meets others that have spoken
	// before. Whether it has missed something of that is judged once, at the end.
	joined   core.Instant
	settling bool
	unsure   bool // one that was met has spoken before
}

// peer is the account of one node. Everything before next has come.
type peer struct {
	next     uint64
	ahead    *ahead       // what has come already behind next; nil if nothing
	sent     uint64       // the last number that is known to have been sent
	gapSince core.Instant // when next became the first that is missing
	heard    core.Instant // until when everything that it sent has come, but for a gap
	beats    uint64       // how often it has said that it lives
	delay    delay
}

// gap reports whether something is missing.
func (n *peer) gap() bool { return n.ahead != nil || n.sent >= n.next }

// ahead is a set of numbers, all in the window behind one that is missing.
type ahead struct {
	bits    [aheadWindow / 64]uint64 // by the number, modulo the window
	size    int
	highest uint64
}

const aheadWindow = 4096

func (a *ahead) has(seq uint64) bool { return a.bits[seq%aheadWindow/64]&(1<<(seq%64)) != 0 }

func (a *ahead) add(seq uint64) {
	if !a.has(seq) {
		a.bits[seq%aheadWindow/64] |= 1 << (seq % 64)
		a.size++
		a.highest = max(a.highest, seq)
	}
}

func (a *ahead) remove(seq uint64) {
	a.bits[seq%aheadWindow/64] &^= 1 << (seq % 64)
	a.size--
}

func newPeers(o PulseOptions) *peers {
	return &peers{options: o, known: make(map[wire.NodeID]*peer)}
}

// join begins to settle: what this node has missed from before is no matter.
func (p *peers) join(now core.Instant) { p.joined, p.settling = now, true }

// hear takes note of change seq of a node and reports whether one before it is
// lost for certain.
func (p *peers) hear(id wire.NodeID, seq uint64, now core.Instant) (lost bool) {
	n := p.known[id]
	if n == nil {
		return p.meet(id, seq, seq > 1, now)
	}
	n.hears(now, p.silence())
	return n.take(seq, now) && !mutation.On(mutation.NoGap)
}

// live takes note of a sign of life, the node's beats'th, after change seq, as hear
// does of a change. It was sent at that stamp.
func (p *peers) live(id wire.NodeID, seq, beats uint64, sent int64, now core.Instant) (lost bool) {
	n := p.known[id]
	if n == nil {
		lost = p.meet(id, seq, seq > 0, now)
		p.known[id].lives(beats, sent, now)
		return lost
	}
	n.lives(beats, sent, now)
	if !n.gap() {
		n.gapSince = now
	}
	n.sent = max(n.sent, seq)
	return false
}

// lives takes note of when a sign of life was sent: everything from before has come,
// and nothing says that anything later has.
func (n *peer) lives(beats uint64, sent int64, now core.Instant) {
	if beats < n.beats {
		return // overtaken by a later one
	}
	n.beats = beats
	if at, ok := instantOf(sent); ok {
		n.delay.take(at, now)
	}
	n.heard = max(n.heard, now.Add(-n.delay.late))
}

// hears takes note of a change, of which nobody knows when it was sent. What comes after
// a silence may come late, as all that follows does: only a sign of life ends that.
func (n *peer) hears(now core.Instant, silence time.Duration) {
	if now.Sub(n.heard) <= silence {
		n.heard = max(n.heard, now.Add(-n.delay.late))
	}
}

// elder reports whether a node is known that lived well before one which has said
// beats times that it lives. young is true while such a node may still be met.
func (p *peers) elder(beats uint64) (known, young bool) {
	for _, n := range p.known {
		if n.beats > beats+2 {
			return true, false
		}
	}
	return false, p.settling
}

// meet opens the account of a node that has just sent change seq, or told of it.
// before reports whether it has sent changes that should have been heard before.
func (p *peers) meet(id wire.NodeID, seq uint64, before bool, now core.Instant) (lost bool) {
	p.makeRoom()
	p.known[id] = &peer{next: seq + 1, heard: now}
	if before && p.settling {
		p.unsure, before = true, false
	}
	return before && !mutation.On(mutation.NoGap)
}

// expect begins the account of a node anew: next is the first message that has to
// come.
func (p *peers) expect(id wire.NodeID, next uint64, now core.Instant) {
	p.known[id] = &peer{next: next, heard: now}
}

func (n *peer) take(seq uint64, now core.Instant) (lost bool) {
	switch {
	case seq < n.next:
		return false // again, or late
	case seq == n.next:
		n.advance(now)
		return false
	case seq-n.next < aheadWindow:
		if !n.gap() {
			n.gapSince = now
		}
		if n.ahead == nil {
			n.ahead = new(ahead)
		}
		n.ahead.add(seq)
		return false
	}
	*n = peer{next: seq + 1, sent: n.sent, gapSince: now, heard: n.heard, beats: n.beats, delay: n.delay}
	return true
}

// advance moves next on to the first number that has not come. In a burst that is
// always another one: its time begins now.
func (n *peer) advance(now core.Instant) {
	n.next++
	for n.ahead != nil && n.ahead.has(n.next) {
		n.ahead.remove(n.next)
		n.next++
		if n.ahead.size == 0 {
			n.ahead = nil
		}
	}
	n.gapSince = now
}

// check reports whether a message was lost for certain by now, and since when a
// known node has been silent for too long; Never if none has. What was not heard
// before this node joined does not count.
func (p *peers) check(now core.Instant) (lost bool, quiet core.Instant) {
	quiet = core.Never
	silence := p.silence()
	for id, n := range p.known {
		if n.gap() && now.Sub(n.gapSince) >= p.options.GapWait {
			lost = !mutation.On(mutation.NoGap)
			n.giveUp()
		}
		heard := max(n.heard, p.joined)
		switch since := now.Sub(heard); {
		case since > max(silence, p.options.Forget):
			delete(p.known, id)
		case since > silence:
			quiet = min(quiet, heard.Add(silence))
		}
	}
	return lost, quiet
}

// slowdown returns how many times slower the nodes beat, being so many. A node that
// knows of more than others do waits longer for them; one that knows of fewer takes
// them for silent, for a while, which is safe.
func (p *peers) slowdown() int {
	return max(1, (len(p.known)+p.options.Crowd-1)/p.options.Crowd)
}

// silence returns how long nothing may be heard of a node, this one included.
func (p *peers) silence() time.Duration {
	slowdown := time.Duration(p.slowdown())
	if p.options.Silence > core.Forever/slowdown {
		return core.Forever
	}
	return p.options.Silence * slowdown
}

// giveUp waits for nothing that is missing any more.
func (n *peer) giveUp() {
	n.next = max(n.next, n.sent+1)
	if n.ahead != nil {
		n.next = max(n.next, n.ahead.highest+1)
	}
	n.ahead = nil
}

// settle reports, once, whether something that was sent since this node joined may
// have been missed before its sender was met.
func (p *peers) settle(now core.Instant) (missed bool) {
	if !p.settling || now.Sub(p.joined) < p.silence() {
		return false
	}
	missed = p.unsure && !mutation.On(mutation.NoGap)
	p.settling, p.unsure = false, false
	return missed
}

// goodbye forgets a node that has said it will send no more, and reports whether
// something is missing of what it has sent, up to change seq.
func (p *peers) goodbye(id wire.NodeID, seq uint64) (lost bool) {
	n := p.known[id]
	delete(p.known, id)
	return n != nil && (n.gap() || seq >= n.next) && !mutation.On(mutation.NoGap)
}

// makeRoom forgets any one node when there are too many. Should it live, its
// next message counts as the first heard of it, which is safe.
func (p *peers) makeRoom() {
	if len(p.known) < maxPeers {
		return
	}
	for id := range p.known {
		delete(p.known, id)
		return
	}
}

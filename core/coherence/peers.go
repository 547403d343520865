// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// maxPeers bounds the nodes that one node keeps account of.
const maxPeers = 100_000

// peers keeps account of the messages of each node: they are numbered, so a
// number that does not come is a message that was lost. A message may be
// overtaken by fewer than 4096 later ones of its sender, for as long as GapWait.
//
// Not safe for concurrent use.
type peers struct {
	options PulseOptions
	known   map[wire.NodeID]*peer
}

// peer is the account of one node. Everything before next has come.
type peer struct {
	next     uint64
	ahead    *ahead       // what has come already behind next; nil if nothing
	gapSince core.Instant // when next became the first that is missing
	heard    core.Instant
}

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

// hear takes note of message seq of a node and reports whether one before it is
// lost for certain.
func (p *peers) hear(id wire.NodeID, seq uint64, now core.Instant) (lost bool) {
	n := p.known[id]
	if n == nil {
		// What a node sent before we heard of it may have been for us.
		p.makeRoom()
		p.known[id] = &peer{next: seq + 1, heard: now}
		return seq > 1
	}
	n.heard = now
	return n.take(seq, now) && !mutation.On(mutation.NoGap)
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
		if n.ahead == nil {
			n.ahead, n.gapSince = new(ahead), now
		}
		n.ahead.add(seq)
		return false
	}
	*n = peer{next: seq + 1, heard: now}
	return true
}

// advance moves next on to the first number that has not come. In a burst that is
// always another one: its time begins now.
func (n *peer) advance(now core.Instant) {
	n.next++
	if n.ahead == nil {
		return
	}
	for n.ahead.has(n.next) {
		n.ahead.remove(n.next)
		n.next++
	}
	n.gapSince = now
	if n.ahead.size == 0 {
		n.ahead, n.gapSince = nil, 0
	}
}

// check reports whether a message was lost for certain by now, and whether a
// known node is silent.
func (p *peers) check(now core.Instant) (lost, silent bool) {
	for id, n := range p.known {
		if n.ahead != nil && now.Sub(n.gapSince) >= p.options.GapWait {
			lost = !mutation.On(mutation.NoGap)
			n.next, n.ahead, n.gapSince = n.ahead.highest+1, nil, 0
		}
		switch quiet := now.Sub(n.heard); {
		case quiet > p.options.Forget:
			delete(p.known, id)
		case quiet > p.options.Silence:
			silent = true
		}
	}
	return lost, silent
}

// goodbye forgets a node that has said it will send no more.
func (p *peers) goodbye(id wire.NodeID) { delete(p.known, id) }

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

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"math/bits"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// maxPeers bounds the nodes that one node keeps account of.
const maxPeers = 100_000

// peers keeps account of the messages of each node: they are numbered, so a
// number that does not come is a message that was lost. A message may be
// overtaken by up to 64 later ones of its sender, for as long as GapWait.
//
// Not safe for concurrent use.
type peers struct {
	options PulseOptions
	known   map[wire.NodeID]*peer
}

// peer is the account of one node. Everything before next has come; ahead has a
// bit for each of the 64 numbers behind next that has come already.
type peer struct {
	next     uint64
	ahead    uint64
	gapSince core.Instant // zero: no gap
	heard    core.Instant
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
	return n.take(seq, now)
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
		n.advance(1)
		if n.ahead == 0 {
			n.gapSince = 0
		}
		return false
	case seq-n.next <= 64:
		n.ahead |= 1 << (seq - n.next - 1)
		if n.gapSince == 0 {
			n.gapSince = now
		}
		return false
	}
	*n = peer{next: seq + 1, heard: now}
	return true
}

// advance moves next on by steps numbers, and then past those that have come.
func (n *peer) advance(steps int) {
	ahead := n.ahead >> (steps - 1) // bit 0: the number after the steps
	come := bits.TrailingZeros64(^ahead)
	n.next += uint64(steps + come)
	n.ahead = ahead >> come >> 1
}

// check reports whether a message was lost for certain by now, and whether a
// known node is silent.
func (p *peers) check(now core.Instant) (lost, silent bool) {
	for id, n := range p.known {
		if n.gapSince != 0 && now.Sub(n.gapSince) >= p.options.GapWait {
			lost = true
			n.next += uint64(bits.Len64(n.ahead)) + 1
			n.ahead, n.gapSince = 0, 0
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

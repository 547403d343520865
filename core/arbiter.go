// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"bytes"
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

// Arbiter is the ability of a [DistributedLayer] to decide, in one step that
// nothing can come between, whether a write may replace what is there. With it,
// no load overwrites a newer value, on any node; without it, a late load can,
// until the entry expires.
type Arbiter interface {
	// Arbitrate applies w to key: it reads the first HeaderSize bytes of what is
	// there, decides as [Write.Decide] does, and stores the outcome, atomically.
	// An error leaves open whether the write was applied. It may even be applied
	// later, when it arrives though it was given up; but then only as long as nobody
	// else has written the key since: it must be bound to what was there, or to a
	// time that is over when the call returns.
	Arbitrate(ctx context.Context, key string, w Write) (Ruling, error)

	// ReadHeader returns the first HeaderSize bytes of what is stored for key,
	// fewer if that is shorter. ok is false when there is nothing.
	ReadHeader(ctx context.Context, key string) (header []byte, ok bool, err error)
}

// Mode says when a [Write] may replace what is there.
type Mode uint8

// The modes.
const (
	// Force always may: an explicit write, in the order in which the server sees
	// them. Its version is raised above the one it replaces.
	Force Mode = iota + 1

	// Fill may if the place still holds what was seen before the load began.
	Fill

	// Replay may if it is provably the newer: a write that failed, tried again
	// after an outage. If nobody can tell, a tombstone takes the place.
	Replay
)

// Write is a value on its way into a distributed layer.
type Write struct {
	Mode Mode

	// Data is the value. It begins with an ordering header.
	Data []byte

	// TTL is the life of the value, always positive; Forever for no end. In the place of
	// a tombstone it is TombstoneTTL at least.
	TTL time.Duration

	// Expect is, for Fill, the header that was seen; empty if the place was empty.
	Expect []byte

	// Skew is, for Replay, how far the clocks of two nodes may differ.
	Skew time.Duration

	// TombstoneTTL is the life of a tombstone: of one that settles doubt, and at least of
	// what takes the place of one.
	TombstoneTTL time.Duration

	// Notice is a message to be published once the write is stored. Nil: none. A
	// layer may leave it to the caller; see [Ruling].Told.
	Notice *Notice
}

// Notice is a message that a distributed layer may publish in one step with a
// write, if it reaches the outlet: a round trip less, and nothing can come
// between the two.
type Notice struct {
	Outlet  Outlet
	Message []byte // not kept
}

// Ruling is what came of a [Write].
type Ruling struct {
	// Stored reports that the place now holds this write, or what Header says
	// instead: a tombstone that settled doubt, or the same write from an earlier
	// attempt.
	Stored bool

	// Foreign reports that the place holds bytes, or something else, that are not
	// ours, and that they stay; or that the write has no header of ours itself.
	Foreign bool

	// Told reports that the notice of the write was published. It is false
	// whenever that is not certain.
	Told bool

	// Header is what the place holds now. Zero if Foreign, or empty.
	Header Header
}

// Decision is what to do for a [Write], given what is there.
type Decision struct {
	Ruling
	Store bool          // whether anything is to be stored
	Data  []byte        // what; may share memory with Write.Data
	TTL   time.Duration // for how long
}

// Decide is the rule of [Arbiter] for layers that can compare and set but run no
// scripts: current is what is there, or its first HeaderSize bytes; empty if
// nothing is. The script of a layer must decide alike.
//
// Forcing lifts the version by its server counter and not by its clock: a
// version made up by the server must never equal one that a node makes. A node
// orders its own writes by their number: of two writes during an outage the
// first may have been applied, with a lifted version, though it was reported as
// failed. A tombstone that settles doubt has no node, so that the replay of a later
// write of either node is in doubt about the other's as well.
func (w Write) Decide(current []byte) Decision {
	ours, err := ParseHeader(w.Data)
	if err != nil {
		return Decision{Ruling: Ruling{Foreign: true}}
	}
	if len(current) == 0 {
		if w.Mode == Fill && len(w.Expect) > 0 && !mutation.On(mutation.NoCAS) {
			return Decision{}
		}
		return Decision{Ruling: Ruling{Stored: true, Header: ours}, Store: true, Data: w.Data, TTL: w.TTL}
	}
	there, err := ParseHeader(current)
	if err != nil {
		return Decision{Ruling: Ruling{Foreign: true}}
	}
	refused := Decision{Ruling: Ruling{Header: there}}
	if w.Mode == Fill && !bytes.Equal(w.Expect, current[:HeaderSize]) && !mutation.On(mutation.NoCAS) {
		return refused
	}
	if w.Mode == Replay {
		switch v := w.replay(ours, there); v {
		case applied:
			return Decision{Ruling: Ruling{Stored: true, Header: there}}
		case older:
			return refused
		case unknowable:
			return w.settle(ours, there)
		}
	}
	return w.over(ours, there)
}

// age is how a replayed write stands to what is there.
type age uint8

const (
	newer age = iota
	older
	applied
	unknowable
)

func (w Write) replay(ours, there Header) age {
	skew := w.Skew.Milliseconds()
	if mutation.On(mutation.NoSkew) {
		skew = 0
	}
	switch {
	case there.Same(ours.Version):
		return applied
	case there.Node == ours.Node && there.Kind != FillWrite && !mutation.On(mutation.NoOwnOrder):
		if there.Op > ours.Op {
			return older
		}
		return newer
	case there.Time > ours.Time+skew:
		return older
	case there.Time+skew >= ours.Time:
		return unknowable
	}
	return newer
}

// lifted returns the next version after v that only a server makes. There is none
// after the highest, which nobody has by right: it stays, and what is stored is
// well-formed.
func lifted(v Version) Version {
	switch {
	case v.Bump < MaxTick:
		v.Bump++
	case v.Time < MaxTime:
		v.Time, v.Tick, v.Bump = v.Time+1, 0, 1
	default:
		v.Tick = MaxTick
	}
	return v
}

// over stores the write over what is there, with a version that is higher. In the place
// of a tombstone it stays for as long as that: a load from before the removal would find
// the place as empty as it was.
func (w Write) over(ours, there Header) Decision {
	h := ours
	if ours.Compare(there.Version) <= 0 {
		h.Time, h.Tick, h.Bump = there.Time, there.Tick, there.Bump
		h.Version = lifted(h.Version)
	}
	data, ttl := append(AppendHeader(make([]byte, 0, len(w.Data)), h), w.Data[HeaderSize:]...), w.TTL
	if there.Kind == TombstoneWrite {
		ttl = max(ttl, w.TombstoneTTL)
	}
	return Decision{Ruling: Ruling{Stored: true, Header: h}, Store: true, Data: data, TTL: ttl}
}

// settle stores a tombstone whose version is higher than both. It is no write of the
// node's: the next replay of that node would take it for an earlier one of its own, and
// take the place of what is doubted.
func (w Write) settle(ours, there Header) Decision {
	h := Header{Version: ours.Version, Kind: TombstoneWrite}
	higher := ours.Compare(there.Version) > 0
	if !higher {
		h.Version = there.Version
	}
	if !higher || !mutation.On(mutation.SameVersion) {
		h.Version = lifted(h.Version)
		h.Node, h.Op = nobody, ours.Op
	}
	return Decision{Ruling: Ruling{Stored: true, Header: h}, Store: true, Data: AppendHeader(nil, h), TTL: w.TombstoneTTL}
}

// nobody is the node of a tombstone that settles doubt.
const nobody = 0

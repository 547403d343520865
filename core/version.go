// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import "cmp"

// Version orders the writes of one key across nodes. It is a hybrid logical
// clock (Kulkarni et al., 2014) with a counter that only the server of the
// distributed layer raises. The zero Version means "none".
//
// Order and identity are two things: [Version.Compare] orders, but only Node
// and Op together tell whether two versions are the same write.
type Version struct {
	Time int64  // wall clock of the writer in milliseconds since 1970, never going back
	Tick uint32 // counts writes within one millisecond
	Bump uint32 // raised by the server when an explicit write must pass what it finds
	Node uint64 // 48-bit random identity of one start of one stack
	Op   uint64 // number of the operation on that node
}

// IsZero reports whether v is no version.
func (v Version) IsZero() bool { return v == Version{} }

// Compare returns -1, 0 or +1 for v before, level with or after o, by Time,
// Tick, Bump and Node.
func (v Version) Compare(o Version) int {
	return cmp.Or(
		cmp.Compare(v.Time, o.Time),
		cmp.Compare(v.Tick, o.Tick),
		cmp.Compare(v.Bump, o.Bump),
		cmp.Compare(v.Node, o.Node),
	)
}

// Same reports whether v and o name the same write.
func (v Version) Same(o Version) bool { return v.Node == o.Node && v.Op == o.Op }

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// longestLoad is how old a load may be that is stored; see core/coherence,
// SharedOptions.
const longestLoad = 30 * time.Second

// The distributed layer keeps no trace of a write whose life has ended. So a load that
// began before that write, on a node that has not heard of it, finds the place as it
// was and stores what it has read then. Nothing else may bring back an older value:
// not memory, and not a load that came in time to be refused.

// least returns what f demands of an answer to a read: the highest version before a
// moment, but for those that the answer is excused from.
func (h *history) least(f floor, at time.Duration, o *Operation) uint64 {
	n := f.before(at)
	if n <= o.Value.Version || len(h.ends) == 0 {
		return n
	}
	return f.counting(at, func(n uint64) bool { return n <= o.Value.Version || !h.outlived(n, o) })
}

// outlived reports whether the answer of a read may be older than version n, because
// it was stored when the life of that had ended.
func (h *history) outlived(n uint64, o *Operation) bool {
	end, ends := h.ends[n]
	if !ends || o.To < end || o.Value.Made+longestLoad < end {
		return false
	}
	if !h.watched {
		return true
	}
	at, stored := h.stored[o.Value]
	if stored {
		return at >= end
	}
	return o.Node == o.Value.Node && o.Level != core.LevelFactory // on its way there
}

// lasting returns the highest version up to n that was committed and has no end.
func (h *history) lasting(n uint64) uint64 {
	return h.committed.counting(Forever, func(version uint64) bool {
		_, ends := h.ends[version]
		return version <= n && !ends
	})
}

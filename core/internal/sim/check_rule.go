// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import "github.com/fusioncache-go/fusioncache/core"

// checkRuling looks at what the store has decided about a write in the place of
// current. Readers would hardly notice a wrong decision of these: other rules make
// it good, at the price of a miss.
func (r *recorder) checkRuling(key string, current []byte, w core.Write, got core.Ruling) {
	k, entry := keyAt(key)
	ours, err := core.ParseHeader(w.Data)
	if !entry || err != nil || w.Mode != core.Replay {
		return
	}
	r.checkDoubt(k, ours, got)
	if there, err := core.ParseHeader(current); err == nil {
		r.checkOwnOrder(k, ours, there, got)
	}
}

// I8, versions are unique, for what settles doubt: a tombstone that takes the
// place of a value has another version than that, which memory may still hold.
func (r *recorder) checkDoubt(key int, ours core.Header, got core.Ruling) {
	settled := got.Stored && got.Header.Kind == core.TombstoneWrite && ours.Kind != core.TombstoneWrite
	if settled && got.Header.Compare(ours.Version) == 0 {
		r.violated("I8 unique versions", key, nil, "%v stands for a value and for the tombstone that settles it", ours)
	}
}

// I9, order of the store, for the writes of one node: they are never in doubt. The
// later one takes the place of the earlier, as it is.
func (r *recorder) checkOwnOrder(key int, ours, there core.Header, got core.Ruling) {
	if there.Node != ours.Node || there.Kind == core.FillWrite || there.Op >= ours.Op {
		return
	}
	if !got.Stored || got.Header.Kind != ours.Kind {
		r.violated("I9 order", key, nil, "%v has not taken the place of %v, of the same node", ours, there)
	}
}

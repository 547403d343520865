// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

// departer is a group of flights under way that can be closed to whoever comes later.
type departer interface{ Depart() }

// begin is Suspect for the first join of a node. Loads under way, such as the first
// of a process, may store. They have heard no message before, as little as those that
// ended before; and as for those, the distributed layer refuses what was loaded from
// something older than it holds, and memory asks it before it serves the entry. Only
// a layer that decides about writes can be relied on for that.
func (r *Receiver) begin() {
	if r.shared == nil || r.shared.arbiter == nil {
		r.local.Suspect()
		return
	}
	r.local.distrust()
	for _, v := range r.local.revokers {
		if d, ok := v.(departer); ok {
			d.Depart()
		} else {
			v.RevokeAll()
		}
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package stats

import (
	"iter"
	"math/bits"
	"strconv"

	"github.com/fusioncache-go/fusioncache/core"
)

// Snapshot is what was counted until one time, or between two. The zero value is
// that of nothing having happened. Snapshots are values and can be compared.
type Snapshot struct {
	counts [len(rows)][levels]uint64
}

// Count returns the number of events of all kinds in the set.
func (s Snapshot) Count(kinds core.Kind) uint64 {
	var sum uint64
	for kinds &= core.AllKinds; kinds != 0; kinds &= kinds - 1 {
		if i := bits.TrailingZeros64(uint64(kinds)); i < len(rows) {
			for _, n := range s.counts[i] {
				sum += n
			}
		}
	}
	return sum
}

// CountAt returns the number of events of one kind that were about one level:
// hits in memory, failures of the backplane.
func (s Snapshot) CountAt(kind core.Kind, level core.Level) uint64 {
	i, at, ok := place(kind, level)
	if !ok || at != int(level) {
		return 0
	}
	return s.counts[i][at]
}

// HitRatio returns the share of reads that a level answered, fresh or stale, so
// that the factory was not waited for: from 0 to 1, and 0 before the first read.
func (s Snapshot) HitRatio() float64 {
	hits := s.Count(core.Hit | core.StaleHit)
	reads := hits + s.Count(core.Miss)
	if reads == 0 {
		return 0
	}
	return float64(hits) / float64(reads)
}

// Sub returns what was counted after earlier and until s, for rates.
func (s Snapshot) Sub(earlier Snapshot) Snapshot {
	for i := range s.counts {
		for at := range s.counts[i] {
			s.counts[i][at] -= earlier.counts[i][at]
		}
	}
	return s
}

// All returns every counter with its name, in a fixed order: "hit", then
// "hit_memory" and "hit_distributed", which are parts of it, and so on. Names
// have only lower-case letters and '_'.
func (s Snapshot) All() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for _, row := range rows {
			if !yield(row.name, s.Count(row.kind)) {
				return
			}
			for _, level := range row.at {
				if !yield(row.name+"_"+level.String(), s.CountAt(row.kind, level)) {
					return
				}
			}
		}
	}
}

// String returns the snapshot as a JSON object: the counters of [Snapshot.All]
// and "hit_ratio".
func (s Snapshot) String() string {
	b := []byte{'{'}
	for name, n := range s.All() {
		b = append(strconv.AppendQuote(b, name), ':', ' ')
		b = append(strconv.AppendUint(b, n, 10), ',', ' ')
	}
	b = append(b, `"hit_ratio": `...)
	b = strconv.AppendFloat(b, s.HitRatio(), 'f', 4, 64)
	return string(append(b, '}'))
}

// MarshalJSON returns the same as String.
func (s Snapshot) MarshalJSON() ([]byte, error) { return []byte(s.String()), nil }

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"fmt"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/measure"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/peers"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
)

// digest adds a column of hits to the table for the README: nanoseconds and
// allocations of each contestant that it shows.
func digest[V any](s *report.Section, f *field[V], nanoseconds, allocations []float64) {
	t := &s.Digest
	if t.Header == nil {
		t.Header = []string{"a hit, one goroutine: ns, allocations"}
		for _, one := range f.runners {
			if shown(one.peer.Name, one.peer.Class) {
				t.Rows = append(t.Rows, []string{one.peer.Name})
			}
		}
	}
	t.Header = append(t.Header, f.kind.Name)
	for i, row := range t.Rows {
		j := f.index(row[0])
		t.Rows[i] = append(row, fmt.Sprintf("%.0f, %.0f", nanoseconds[j], allocations[j]))
	}
}

// shown leaves out what differs from its neighbour in a detail.
func shown(name string, class peers.Class) bool {
	switch class {
	case peers.Ours:
		return name == peers.OursOtter || name == peers.OursFreecache
	case peers.Limit:
		return name == peers.OtterLoad || name == peers.FreecachePlain
	}
	return true
}

func medians(times measure.Times, n int) (out []float64) {
	for i := range n {
		out = append(out, times.Median(i))
	}
	return out
}

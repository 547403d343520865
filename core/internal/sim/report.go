// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Report is what came of a run.
type Report struct {
	Plan       *Plan
	Operations int
	Hash       uint64 // of the trace
	Violations []Violation

	ops   []*op
	notes []note
}

// horizon is how far back a timeline goes.
const horizon = 30 * time.Second

// Timeline returns what happened to the key of a violation until then. Calls and
// messages are in it if the plan was verbose.
func (r Report) Timeline(v Violation) string {
	type line struct {
		at   instant
		text string
	}
	var lines []line
	for _, o := range r.ops {
		if o.touches(v.key) && o.from <= v.at && o.to >= v.at-horizon {
			lines = append(lines, line{o.to, o.String()})
		}
	}
	for _, n := range r.notes {
		about := strings.Contains(n.text, keyNames[v.key]) || strings.Contains(n.text, ":m:") || strings.Contains(n.text, "all")
		if about && n.at <= v.at && n.at >= v.at-horizon {
			lines = append(lines, line{n.at, n.String()})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.at, b.at) })
	var s strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&s, "  %s\n", l.text)
	}
	return s.String()
}

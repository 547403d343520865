// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package traffic

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// Fail fails tb with what was found, and tells how to see it again.
func (r *Run) Fail(tb testing.TB, again string) {
	tb.Helper()
	for _, v := range r.Violations()[:min(3, len(r.Violations()))] {
		tb.Errorf("%s: %v\n%s", again, v, r.Timeline(v))
	}
}

// Summary adds up what happened in runs.
type Summary struct {
	Runs, Operations int
	counts           map[string]int
	converged        []time.Duration
}

// Add adds a run that is over.
func (s *Summary) Add(r *Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	for name, n := range r.counts {
		s.counts[name] += n
	}
	s.Runs, s.Operations = s.Runs+1, s.Operations+r.Operations()
	s.converged = append(s.converged, r.converged...)
}

// String returns the sums, a line for each kind of answer and fault.
func (s *Summary) String() string {
	slices.Sort(s.converged)
	var text strings.Builder
	fmt.Fprintf(&text, "%d runs, %d operations", s.Runs, s.Operations)
	if n := len(s.converged); n > 0 {
		fmt.Fprintf(&text, "; all nodes agreed %v after the end of the faults (median of %d), %v at most",
			s.converged[n/2].Round(time.Millisecond), n, s.converged[n-1].Round(time.Millisecond))
	}
	for _, name := range slices.Sorted(maps.Keys(s.counts)) {
		fmt.Fprintf(&text, "\n  %6d  %s", s.counts[name], name)
	}
	return text.String()
}

// Missing returns the kinds of answers that never came: what shows nothing because
// nothing happened must not pass.
func (s *Summary) Missing() (names []string) {
	for _, name := range []string{
		"get: found", "get: missed", "get or set: found", "set: committed", "set: local only",
		"remove: committed", "expire: committed",
	} {
		if s.counts[name] == 0 {
			names = append(names, name)
		}
	}
	return names
}

// Demand fails tb if some kind of answer never came.
func (s *Summary) Demand(tb testing.TB) {
	tb.Helper()
	if names := s.Missing(); len(names) > 0 && !tb.Failed() {
		tb.Errorf("never: %q", names)
	}
}

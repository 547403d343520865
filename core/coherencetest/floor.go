// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest

import (
	"sort"
	"time"
)

// floor is a number that only rises: steps in the order of time. What did not raise
// it is kept for when a higher step does not count any more.
type floor struct {
	steps  []step
	lesser []step
}

type step struct {
	at time.Duration
	n  uint64
}

// raise notes that from at on the number is at least n.
func (f *floor) raise(at time.Duration, n uint64) {
	switch last := f.last(); {
	case n > last:
		f.steps = append(f.steps, step{at, n})
	case n < last:
		f.lesser = append(f.lesser, step{at, n})
	}
}

// last returns the number as it stands.
func (f floor) last() uint64 { return last(f.steps) }

func last(steps []step) uint64 {
	if len(steps) == 0 {
		return 0
	}
	return steps[len(steps)-1].n
}

// at returns when the number became at least n.
func (f floor) at(n uint64) time.Duration {
	i := sort.Search(len(f.steps), func(i int) bool { return f.steps[i].n >= n })
	if i == len(f.steps) {
		return 0
	}
	return f.steps[i].at
}

// before returns the number as it stood before a moment.
func (f floor) before(at time.Duration) uint64 {
	i := sort.Search(len(f.steps), func(i int) bool { return f.steps[i].at >= at })
	return last(f.steps[:i])
}

// counting is before, of those steps alone that count.
func (f floor) counting(at time.Duration, counts func(n uint64) bool) (highest uint64) {
	for _, steps := range [][]step{f.steps, f.lesser} {
		for _, s := range steps {
			if s.at < at && s.n > highest && counts(s.n) {
				highest = s.n
			}
		}
	}
	return highest
}

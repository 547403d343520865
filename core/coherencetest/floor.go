// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest

import (
	"sort"
	"time"
)

// floor is a number that only rises: steps in the order of time.
type floor []step

type step struct {
	at time.Duration
	n  uint64
}

// raise notes that from at on the number is at least n.
func (f *floor) raise(at time.Duration, n uint64) {
	if n > f.last() {
		*f = append(*f, step{at, n})
	}
}

// last returns the number as it stands.
func (f floor) last() uint64 {
	if len(f) == 0 {
		return 0
	}
	return f[len(f)-1].n
}

// at returns when the number became at least n.
func (f floor) at(n uint64) time.Duration {
	i := sort.Search(len(f), func(i int) bool { return f[i].n >= n })
	if i == len(f) {
		return 0
	}
	return f[i].at
}

// before returns the number as it stood before a moment.
func (f floor) before(at time.Duration) uint64 {
	i := sort.Search(len(f), func(i int) bool { return f[i].at >= at })
	return f[:i].last()
}

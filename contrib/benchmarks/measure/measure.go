// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package measure compares how long things take on a machine that does other things
// too.
//
// What is compared takes turns of some milliseconds within one process, in random
// order; a ratio is taken within a round, and its median over the rounds is quoted.
// A machine that becomes slower for a while makes both sides slower.
package measure

import (
	"cmp"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Subject is what is measured.
type Subject struct {
	Name string

	// Run does n operations, beginning with number from of some sequence.
	Run func(from, n int)
}

// Plan says how.
type Plan struct {
	Rounds   int
	Turn     time.Duration
	Parallel int // goroutines that run a subject at a time; 0 and 1: one

	// Before, if not nil, is given each round's operations before the subjects are, and is
	// not measured: it has in the processor's caches what they are going to share, the keys
	// they ask for. Or else the first of a round would fetch it for the others.
	Before func(from, n int)
}

// Times are nanoseconds for one operation: of each subject, in each round.
type Times [][]float64

// Paired measures subjects side by side.
func Paired(rng *rand.Rand, p Plan, subjects []Subject) Times {
	times := make(Times, len(subjects))
	ops := make([]int, len(subjects))
	from := 0
	for range 3 { // the most counts: with too few, a turn would be the time until the caches are warm
		for i, s := range subjects {
			ops[i] = max(ops[i], calibrate(p, s))
		}
	}
	for range p.Rounds {
		runtime.Gosched()
		if p.Before != nil {
			turn(p, Subject{Run: p.Before}, from, slices.Max(ops))
		}
		for _, i := range rng.Perm(len(subjects)) {
			began := time.Now()
			turn(p, subjects[i], from, ops[i])
			times[i] = append(times[i], float64(time.Since(began))/float64(ops[i]))
		}
		from += slices.Max(ops)
	}
	return times
}

// calibrate returns how many operations fill a turn.
func calibrate(p Plan, s Subject) int {
	n := 1
	for {
		began := time.Now()
		turn(p, s, 0, n)
		took := time.Since(began)
		if took >= p.Turn/2 {
			return max(1, int(float64(n)*float64(p.Turn)/float64(took)))
		}
		n *= 2
	}
}

func turn(p Plan, s Subject, from, n int) {
	if p.Parallel <= 1 {
		s.Run(from, n)
		return
	}
	var all sync.WaitGroup
	for g := range p.Parallel {
		share := n / p.Parallel
		if g < n%p.Parallel {
			share++
		}
		all.Go(func() { s.Run(from+g*7919, share) })
	}
	all.Wait()
}

// Median returns the median time of subject i.
func (t Times) Median(i int) float64 { return Median(t[i]) }

// Ratio returns the median, over the rounds, of the time of subject a by that of b.
func (t Times) Ratio(a, b int) float64 {
	ratios := make([]float64, len(t[a]))
	for i := range ratios {
		ratios[i] = t[a][i] / t[b][i]
	}
	return Median(ratios)
}

// Difference returns the median, over the rounds, of the time of subject a less that
// of b.
func (t Times) Difference(a, b int) float64 {
	more := make([]float64, len(t[a]))
	for i := range more {
		more[i] = t[a][i] - t[b][i]
	}
	return Median(more)
}

// Median returns the median of values, which it does not change.
func Median[T cmp.Ordered](values []T) T { return Quantile(values, 0.5) }

// Quantile returns the value below which q of values are.
func Quantile[T cmp.Ordered](values []T, q float64) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// Allocations returns how many allocations, and bytes, one operation of s makes: the
// least of three tries, since others may allocate meanwhile.
func Allocations(s Subject, n int) (count, bytes float64) {
	s.Run(0, n)
	for try := range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.Run(n*(try+1), n)
		runtime.ReadMemStats(&after)
		c := float64(after.Mallocs-before.Mallocs) / float64(n)
		b := float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
		if try == 0 || c < count {
			count, bytes = c, b
		}
	}
	return count, bytes
}

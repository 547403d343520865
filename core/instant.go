// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"math"
	"time"
)

// Instant is a moment on the time line of one stack, in nanoseconds. The line
// is monotonic: a step of the wall clock does not move it. It means nothing to
// another process; frames for the distributed layer carry wall-clock time.
type Instant int64

// Never is the instant that does not come.
const Never Instant = math.MaxInt64

// Forever is the duration that does not end. As a time to live it means "no
// expiry", as a time limit "no limit".
const Forever time.Duration = math.MaxInt64

// Add returns the instant d after i. It saturates: adding [Forever], or more
// than fits, gives [Never].
func (i Instant) Add(d time.Duration) Instant {
	sum := i + Instant(d)
	if d == Forever || i == Never || (d > 0 && sum < i) {
		return Never
	}
	return sum
}

// Sub returns the duration from j to i, and [Forever] when i is [Never].
func (i Instant) Sub(j Instant) time.Duration {
	if i == Never {
		return Forever
	}
	return time.Duration(i - j)
}

// Clock tells the time of a stack. A hit reads it once.
type Clock interface {
	// Now returns the present instant. It never goes back.
	Now() Instant
}

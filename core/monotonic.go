// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import "time"

// Monotonic is the [Clock] of a stack: nanoseconds of monotonic time, placed so
// that it read as wall-clock time when it was made. Steps of the wall clock do
// not move it. Safe for concurrent use.
type Monotonic struct {
	start time.Time
	base  Instant
	wall  func() time.Time
}

// NewMonotonic returns a clock that takes wall-clock time from wall, or from time.Now if
// that is nil. Lapses are always measured by the process's monotonic clock.
func NewMonotonic(wall func() time.Time) *Monotonic {
	if wall == nil {
		wall = time.Now
	}
	return &Monotonic{start: time.Now(), base: Instant(wall().UnixNano()), wall: wall}
}

// Now returns the present instant.
func (c *Monotonic) Now() Instant { return c.base + Instant(time.Since(c.start)) }

// Wall returns the present wall-clock time.
func (c *Monotonic) Wall() time.Time { return c.wall() }

// Offset returns what has to be added to an instant to get wall-clock
// nanoseconds since 1970, as the wall clock stands now.
func (c *Monotonic) Offset() time.Duration {
	return time.Duration(c.wall().UnixNano() - int64(c.Now()))
}

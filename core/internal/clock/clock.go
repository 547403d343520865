// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package clock makes the time line of a stack.
package clock

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Clock is the time line of one stack: nanoseconds of monotonic time, placed so
// that it read as wall-clock time when the stack was made. Steps of the wall
// clock do not move it. Safe for concurrent use.
type Clock struct {
	start time.Time
	base  core.Instant
	wall  func() time.Time
}

// New returns a clock that takes wall-clock time from wall, or from time.Now if
// that is nil. Lapses are always measured by the process's monotonic clock.
func New(wall func() time.Time) *Clock {
	if wall == nil {
		wall = time.Now
	}
	return &Clock{start: time.Now(), base: core.Instant(wall().UnixNano()), wall: wall}
}

// Now returns the present instant.
func (c *Clock) Now() core.Instant { return c.base + core.Instant(time.Since(c.start)) }

// Wall returns the present wall-clock time.
func (c *Clock) Wall() time.Time { return c.wall() }

// Offset returns what has to be added to an instant to get wall-clock
// nanoseconds since 1970, as the wall clock stands now.
func (c *Clock) Offset() time.Duration {
	return time.Duration(c.wall().UnixNano() - int64(c.Now()))
}

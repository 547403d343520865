// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package wire

import (
	"math"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// toWall moves the instants of m to wall-clock nanoseconds since 1970 and clears
// what a frame does not carry, except in Stamp.
func toWall(m core.Meta, offset time.Duration) core.Meta {
	m.Version = core.Version{}
	m.Checked = 0
	m.Stale = wall(m.Stale, offset)
	m.Dead = max(wall(m.Dead, offset), m.Stale)
	if m.Born != 0 {
		m.Born = wall(m.Born, offset)
	}
	if m.Retry != 0 {
		m.Retry = wall(m.Retry, offset)
	}
	m.Extra = m.Extra.Shared(func(i core.Instant) core.Instant { return wall(i, offset) })
	return m
}

// wall returns i + offset, at least 1: zero would say that there is no such
// instant. Never stays Never.
func wall(i core.Instant, offset time.Duration) core.Instant {
	if i == core.Never {
		return i
	}
	return max(shift(i, offset), 1)
}

// toInstants undoes toWall on the reader's time line. ok is false if a time is
// before 1970. There is no check for a time too late: nanoseconds end in 2262,
// and an expiry far ahead is what a skewed clock looks like.
func toInstants(m core.Meta, offset time.Duration) (_ core.Meta, ok bool) {
	if min(m.Stale, m.Dead, m.Born, m.Retry) < 0 || m.Checked != 0 {
		return core.Meta{}, false
	}
	if x := m.Extra; x != nil {
		if x.Idle != 0 || x.Refresh != 0 || x.Revalidate != 0 || x.Rescue < 0 {
			return core.Meta{}, false
		}
		m.Extra = x.Shared(func(i core.Instant) core.Instant { return shift(i, -offset) })
	}
	if m.Stamp != nil {
		m.Stamp.Marked = 0 // nobody else knows it yet
	}
	m.Stale = shift(m.Stale, -offset)
	m.Dead = shift(m.Dead, -offset)
	if m.Born != 0 {
		m.Born = shift(m.Born, -offset)
	}
	if m.Retry != 0 {
		m.Retry = shift(m.Retry, -offset)
	}
	return m, true
}

// shift returns i + d, held within the range of an instant. Never stays Never.
func shift(i core.Instant, d time.Duration) core.Instant {
	if i == core.Never {
		return i
	}
	sum := i + core.Instant(d)
	switch {
	case d > 0 && sum < i:
		return core.Never
	case d < 0 && sum > i:
		return math.MinInt64
	}
	return sum
}

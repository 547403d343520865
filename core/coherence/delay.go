// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// delay is how much later than usual the signs of life of a node arrive. They say when
// they were sent, by a clock that is never set but shows some time of its own: so the
// least that sending and arrival have been apart lately stands for no delay. One that
// has been the same for all of that time does not show.
type delay struct {
	known  bool
	least  time.Duration // apart since then
	before time.Duration // apart in the window before
	since  core.Instant
	late   time.Duration
}

// delayWindow is how long the least delay counts, at least: a node whose clock stood
// still, because its machine was suspended, seems late for that long and up to twice.
const delayWindow = 30 * time.Second

// take takes note of a sign of life that was sent at one instant, by the clock of its
// sender, and arrives at another, by ours.
func (d *delay) take(sent, now core.Instant) {
	apart := now.Sub(sent)
	switch {
	case !d.known:
		*d = delay{known: true, least: apart, before: apart, since: now}
	case now.Sub(d.since) >= delayWindow:
		d.before, d.least, d.since = d.least, apart, now
	default:
		d.least = min(d.least, apart)
	}
	d.late = apart - min(d.least, d.before)
}

// stamp returns an instant as a sign of life carries it: in milliseconds, not 0.
func stamp(now core.Instant) int64 {
	return min(max(int64(now)/int64(time.Millisecond), 1), core.MaxTime)
}

// instantOf returns the instant of a stamp; ok is false if there is none that can be.
func instantOf(stamp int64) (sent core.Instant, ok bool) {
	const most = int64(core.Never) / int64(time.Millisecond)
	return core.Instant(stamp * int64(time.Millisecond)), 0 < stamp && stamp < most
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem

import (
	"math"
	"sync/atomic"
)

// ticksPerTurn is how finely recency is told apart while a whole cache is
// written once.
const ticksPerTurn = 64

// clock is freecache's idea of time, which it uses only to find what was not
// read for long. It counts what is written: as long as nothing is, nothing has
// to make room.
//
// At the end of its 32 bits it stops, after 67 million turns; then freecache
// drops what is oldest, read or not.
type clock struct {
	tick    atomic.Uint32 // read by every hit, changed seldom
	_       [60]byte      // keeps the two on different cache lines
	written atomic.Int64
	unit    int64 // bytes per tick
}

func newClock(size int) *clock { return &clock{unit: int64(size / ticksPerTurn)} }

// Now implements freecache.Timer.
func (c *clock) Now() uint32 { return c.tick.Load() }

// wrote moves time on after n bytes have been written.
func (c *clock) wrote(n int) {
	now := uint32(min(c.written.Add(int64(n))/c.unit, math.MaxUint32))
	for {
		tick := c.tick.Load()
		if now <= tick || c.tick.CompareAndSwap(tick, now) {
			return
		}
	}
}

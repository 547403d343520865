// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"runtime"
	"strconv"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
)

// A million keys, each asked for once, leave no more than the capacity holds, and no
// flight, be it that they succeed or fail, and whoever asks.
func TestSeed_ST9_AMillionMissesLeaveWhatTheCapacityHolds(t *testing.T) {
	memory, c := capacity(t)
	fails := func(context.Context, string) (int, error) { return 0, errBoom }
	miss := func(from, to int) (heap uint64) {
		for i := from; i < to; i++ {
			load, ctx := made, context.Background()
			if i%8 == 0 {
				load = fails
			}
			if i%16 < 2 {
				ctx = t.Context() // this caller gets a flight on a goroutine of its own
			}
			_, _ = c.GetOrSet(ctx, "key"+strconv.Itoa(i), load, core.ErrorBackoff(1))
		}
		if n := c.Stack().Flights(); n != 0 {
			t.Errorf("%d flights are left", n)
		}
		if n := memory.Len(); n > 1000 {
			t.Errorf("%d entries", n)
		}
		return heapInUse()
	}
	all := 1_000_000
	if raceDetector || testing.Short() {
		all = 20_000
	}
	few := miss(0, all/20)
	many := miss(all/20, all)
	if many > few+1<<20 {
		t.Errorf("the heap has grown from %d to %d bytes at the same capacity", few, many)
	}
	runtime.KeepAlive(c)
}

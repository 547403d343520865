// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestInstant_AddSaturates(t *testing.T) {
	now := core.Instant(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	for _, c := range []struct {
		name string
		at   core.Instant
		d    time.Duration
		want core.Instant
	}{
		{"ordinary", 100, 23, 123},
		{"negative", 100, -23, 77},
		{"zero", now, 0, now},
		{"forever", now, core.Forever, core.Never},
		{"forever from the start", math.MinInt64, core.Forever, core.Never},
		{"more than fits", now, core.Forever - 1, core.Never},
		{"just fits", now, core.Forever - 1 - time.Duration(now), core.Never - 1},
		{"never and more", core.Never, time.Second, core.Never},
		{"never and less", core.Never, -time.Second, core.Never},
	} {
		if got := c.at.Add(c.d); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestInstant_SubOfNeverIsForever(t *testing.T) {
	if got := core.Never.Sub(1); got != core.Forever {
		t.Errorf("got %v", got)
	}
	if got := core.Instant(5).Sub(3); got != 2 {
		t.Errorf("got %v", got)
	}
	if got := core.Instant(3).Sub(5); got != -2 {
		t.Errorf("got %v", got)
	}
}

func TestMonotonic_IsNotMovedByStepsOfTheWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var step time.Duration
		wall := func() time.Time { return time.Now().Add(step) }
		c := core.NewMonotonic(wall)
		start := c.Now()
		if got := int64(start) - wall().UnixNano(); got != 0 {
			t.Errorf("begins %v from wall-clock time", time.Duration(got))
		}
		for _, step = range []time.Duration{time.Hour, -time.Hour} {
			time.Sleep(time.Second)
			if got := int64(c.Now()) + int64(c.Offset()) - wall().UnixNano(); got != 0 {
				t.Errorf("after a step of %v the offset is %v wrong", step, time.Duration(got))
			}
			if !c.Wall().Equal(wall()) {
				t.Errorf("Wall is %v, want %v", c.Wall(), wall())
			}
		}
		if got := c.Now().Sub(start); got != 2*time.Second {
			t.Errorf("two seconds measure %v", got)
		}
	})
}

func TestMonotonic_TakesTheProcesssClockForNil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if got, want := core.NewMonotonic(nil).Now(), core.Instant(time.Now().UnixNano()); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	})
}

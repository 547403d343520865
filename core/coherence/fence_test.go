// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func versionAt(ms int64) core.Version { return core.Version{Time: ms, Node: 1, Op: uint64(ms)} }

// sameSet returns the hash of the i-th key of one set.
func sameSet(i int) uint64 { return 7 + uint64(i)*fenceShards*fenceSets }

// What this node knows to have arrived is a fence for as long as the layer lags.
func TestFences_WhatHasArrivedIsOneForAsLongAsTheLayerLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, lag := range []time.Duration{0, time.Second} {
			l := NewLocal(nil, core.NewMonotonic(time.Now), nil)
			l.pulse.lag = lag
			l.arrived("k", versionAt(10))
			if l.Admits("k", versionAt(5)) != (lag == 0) || !l.Admits("k", versionAt(10)) {
				t.Errorf("lag %v: wrong as soon as it has arrived", lag)
			}
			time.Sleep(lag)
			if !l.Admits("k", versionAt(5)) {
				t.Errorf("lag %v: the fence has not ended", lag)
			}
		}
	})
}

func TestFences_OlderIsRefusedUntilTheFenceIsNotNeeded(t *testing.T) {
	var f fences
	if !f.admits(1, versionAt(1), 0) {
		t.Error("without a fence something is refused")
	}
	f.raise(1, versionAt(10), 0)
	f.raise(1, versionAt(5), 0) // a message that comes late
	for v, want := range map[int64]bool{9: false, 10: true, 11: true} {
		if got := f.admits(1, versionAt(v), 0); got != want {
			t.Errorf("version %d: %t, want %t", v, got, want)
		}
	}
	if !f.admits(2, versionAt(1), 0) {
		t.Error("another key is refused")
	}
	if end := core.Instant(fenceLife); !f.admits(1, versionAt(9), end) || f.admits(1, versionAt(9), end-1) {
		t.Error("the fence does not end when it should")
	}
}

// Another key in a full set pushes out the lowest fence, which goes on to hold for
// all keys of the set.
func TestFences_FullSetKeepsWhatItCannotHoldAsItsFloor(t *testing.T) {
	var f fences
	for i := range fenceWays {
		f.raise(sameSet(i), versionAt(int64(100-i)), core.Instant(i))
	}
	f.raise(sameSet(fenceWays), versionAt(200), 50)
	lowest := fenceWays - 1
	for _, c := range []struct {
		key     int
		version int64
		want    bool
	}{
		{0, 99, false},
		{0, 100, true},
		{lowest, int64(100-lowest) - 1, false}, // pushed out, yet not forgotten
		{lowest, int64(100 - lowest), true},
		{fenceWays, 199, false},
		{fenceWays + 1, int64(100-lowest) - 1, false}, // a key without a fence of its own
		{fenceWays + 1, int64(100 - lowest), true},
	} {
		if got := f.admits(sameSet(c.key), versionAt(c.version), 50); got != c.want {
			t.Errorf("key %d, version %d: %t, want %t", c.key, c.version, got, c.want)
		}
	}
	after := core.Instant(lowest) + core.Instant(fenceLife)
	if !f.admits(sameSet(fenceWays+1), versionAt(1), after) {
		t.Error("the floor does not end with the fence that it stands for")
	}
}

// Fences that have ended make room first.
func TestFences_EndedOnesMakeRoom(t *testing.T) {
	var f fences
	for i := range fenceWays {
		f.raise(sameSet(i), versionAt(100), 0)
	}
	later := core.Instant(fenceLife)
	for i := range fenceWays {
		f.raise(sameSet(fenceWays+i), versionAt(200), later)
	}
	if !f.admits(sameSet(99), versionAt(1), later) {
		t.Error("what had ended became a floor")
	}
}

// What was written is never followed by something older, however many keys there
// are.
func TestFences_NeverAdmitSomethingOlder(t *testing.T) {
	var f fences
	written := map[uint64]int64{}
	for now := int64(1); now < 200_000; now++ {
		hash := sameSet(rand.IntN(40)) + uint64(rand.IntN(2))
		if rand.IntN(3) == 0 {
			f.raise(hash, versionAt(now), core.Instant(now))
			written[hash] = now
			continue
		}
		old := max(0, now-rand.Int64N(100))
		if w := written[hash]; old < w && f.admits(hash, versionAt(old), core.Instant(now)) {
			t.Fatalf("version %d is admitted after %d", old, w)
		}
	}
}

// As many keys as a busy service invalidates within the life of a fence must not
// get into each other's way.
func TestFences_ManyKeysLeaveTheOthersAlone(t *testing.T) {
	var f fences
	for range 20_000 {
		f.raise(rand.Uint64(), versionAt(100), 0)
	}
	refused := 0
	for range 1000 {
		if !f.admits(rand.Uint64(), versionAt(1), 0) {
			refused++
		}
	}
	if refused > 20 {
		t.Errorf("%d of 1000 other keys are refused", refused)
	}
}

func BenchmarkFences(b *testing.B) {
	var f fences
	now := core.Instant(time.Second)
	b.ReportAllocs()
	for b.Loop() {
		hash := rand.Uint64N(1 << 17)
		f.raise(hash, versionAt(1), now)
		f.admits(hash+1, versionAt(1), now)
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// wallClock is a wall clock that can be set.
type wallClock struct{ step time.Duration }

func (w *wallClock) now() time.Time { return time.Now().Add(w.step) }

func TestVersions_RiseWhateverTheWallClockDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wall wallClock
		v := coherence.NewVersions(coherence.NewNodeID(), wall.now, 0)
		last := v.Next()
		for i := range 1000 {
			switch i {
			case 300:
				time.Sleep(time.Second)
			case 600:
				wall.step = -time.Hour
			case 900:
				wall.step = time.Hour
			}
			next := v.Next()
			if next.Compare(last) <= 0 || next.Op != last.Op+1 || next.Node != last.Node {
				t.Fatalf("%d: %+v follows %+v", i, next, last)
			}
			if next.Time < wall.now().UnixMilli() {
				t.Fatalf("%d: %+v is below the wall clock, %d", i, next, wall.now().UnixMilli())
			}
			last = next
		}
	})
}

func TestVersions_MoreThanATickCountsInOneMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := coherence.NewVersions(coherence.NewNodeID(), time.Now, 0)
		last := v.Next()
		for range core.MaxTick + 10 {
			next := v.Next()
			if next.Compare(last) <= 0 || next.Tick > core.MaxTick {
				t.Fatalf("%+v follows %+v", next, last)
			}
			last = next
		}
	})
}

func TestVersions_PassWhatWasObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := coherence.NewVersions(coherence.NewNodeID(), time.Now, 0)
		ahead := time.Now().Add(coherence.DefaultMaxSkew).UnixMilli()
		for _, o := range []core.Version{
			{Time: ahead - 1000, Tick: 7, Node: 99, Op: 1},
			{Time: ahead - 1000, Tick: 3, Node: 99, Op: 2},
			{Time: ahead, Tick: 1, Node: 99, Op: 3},
			{Time: 1, Node: 99, Op: 4},
		} {
			if !v.Observe(o) {
				t.Errorf("%+v is not plausible", o)
			}
			if next := v.Next(); next.Compare(o) <= 0 {
				t.Errorf("%+v follows %+v", next, o)
			}
		}
	})
}

func TestVersions_AClockFarAheadDoesNotDragThisOneAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := coherence.NewVersions(coherence.NewNodeID(), time.Now, 0)
		if v.Observe(core.Version{Time: time.Now().Add(coherence.DefaultMaxSkew).UnixMilli() + 1, Node: 99}) {
			t.Error("taken for plausible")
		}
		if next := v.Next(); next.Time != time.Now().UnixMilli() {
			t.Errorf("next is %+v", next)
		}
	})
}

func TestVersions_OfOneNodeAreDifferentOnAllGoroutines(t *testing.T) {
	v := coherence.NewVersions(coherence.NewNodeID(), time.Now, 0)
	seen := make([][]core.Version, 8)
	var wg sync.WaitGroup
	for i := range seen {
		wg.Go(func() {
			for range 1000 {
				seen[i] = append(seen[i], v.Next())
			}
		})
	}
	wg.Wait()
	all := map[core.Version]bool{}
	ops := map[uint64]bool{}
	for _, versions := range seen {
		for i, o := range versions {
			if i > 0 && o.Compare(versions[i-1]) <= 0 {
				t.Fatalf("%+v follows %+v", o, versions[i-1])
			}
			all[o], ops[o.Op] = true, true
		}
	}
	if len(all) != 8000 || len(ops) != 8000 {
		t.Errorf("%d versions and %d numbers of 8000 are different", len(all), len(ops))
	}
}

func TestNewNodeID_IsNeverTheSame(t *testing.T) {
	seen := map[[16]byte]bool{}
	for range 1000 {
		seen[coherence.NewNodeID()] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d of 1000 identities are different", len(seen))
	}
}

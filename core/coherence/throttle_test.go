// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// stale puts an entry into memory that is stale, and returns it.
func (r *rig) stale(t *testing.T) *core.Entry {
	t.Helper()
	r.local.Write("k", r.entry(1, core.Version{}))
	time.Sleep(2 * time.Minute)
	e, _ := r.memory.Get("k")
	return e
}

func TestThrottle_OpensOneWindowForAllWhoHeldTheEntry(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		held := r.stale(t)
		until := r.clock.Now().Add(time.Minute)
		if !r.local.Throttle("k", held, until) {
			t.Fatal("no window")
		}
		if r.local.Throttle("k", held, until.Add(time.Hour)) {
			t.Error("a second window for one failure")
		}
		e, _ := r.memory.Get("k")
		if m := e.Meta(); m.Retry != until || m.Cycles != 1 || m.Dead != held.DeadAt() || m.Stale != held.StaleAt() {
			t.Errorf("metadata %+v", m)
		}
		time.Sleep(time.Minute)
		if !r.local.Throttle("k", e, r.clock.Now().Add(time.Minute)) {
			t.Error("no second window after the first")
		}
		if e, _ = r.memory.Get("k"); e.Meta().Cycles != 2 {
			t.Errorf("%d cycles, want 2", e.Meta().Cycles)
		}
	})
}

func TestThrottle_UndoesNothingThatHappenedMeanwhile(t *testing.T) {
	for name, meanwhile := range map[string]func(r *rig){
		"removed": func(r *rig) { r.local.Remove("k", core.Version{}) },
		"evicted": func(r *rig) { r.memory.Delete("k") },
		"written": func(r *rig) { r.local.Write("k", r.entry(2, core.Version{})) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				held := r.stale(t)
				meanwhile(r)
				before, had := r.memory.Get("k")
				if r.local.Throttle("k", held, r.clock.Now().Add(time.Minute)) {
					t.Error("a window was opened")
				}
				if after, has := r.memory.Get("k"); after != before || has != had {
					t.Error("memory was changed")
				}
			})
		})
	}
}

func TestThrottle_MakesAnEntryStaleThatWasFreshButSuspect(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		o := core.EntryOptions{StaleTTL: time.Hour}
		r.local.Write("k", r.entry(1, core.Version{}))
		time.Sleep(time.Second)
		r.local.Suspect()
		held, _ := r.memory.Get("k")
		if !r.local.Throttle("k", held, r.clock.Now().Add(10*time.Second)) {
			t.Fatal("no window")
		}
		if got := r.judge(o); got != coherence.ServeStale {
			t.Errorf("in the window: verdict %v", got)
		}
		time.Sleep(10 * time.Second)
		if got := r.judge(o); got != coherence.Hold {
			t.Errorf("after the window: verdict %v", got)
		}
	})
}

func TestThrottle_KeepsThePayloadInALayerOfBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.local = coherence.NewLocal(byteMemory{r.memory, t}, r.clock, nil, r.loads)
		m := r.entry(1, core.Version{}).Meta()
		r.local.Write("k", core.Encoded([]byte("1"), m))
		time.Sleep(2 * time.Minute)
		if !r.local.Throttle("k", core.Live(1, m), r.clock.Now().Add(time.Minute)) {
			t.Error("no window for an entry that its reader has decoded")
		}
		r.holds(t, 1, core.Throttled)
	})
}

func TestLocal_ALayerOfBytesIsGivenNoLiveEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.local = coherence.NewLocal(byteMemory{r.memory, t}, r.clock, nil, r.loads)
		if r.local.Bytes() == nil {
			t.Fatal("not taken for a layer of bytes")
		}
		m := r.entry(1, core.Version{}).Meta()
		r.local.Write("k", core.Encoded([]byte("1"), m))
		r.local.Write("k", core.Live(2, m))
		r.holdsNothing(t) // the old value is obsolete, the new one cannot be held
	})
}

func TestJudge_Verdicts(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		safe, plain := core.EntryOptions{StaleTTL: time.Hour}, core.EntryOptions{}
		now := r.clock.Now()
		for _, c := range []struct {
			name string
			m    core.Meta
			o    core.EntryOptions
			want coherence.Verdict
		}{
			{"fresh", core.Meta{Stale: now + 1, Dead: now + 2}, plain, coherence.Serve},
			{"fresh for fail-safe", core.Meta{Stale: now + 1, Dead: now + 2}, safe, coherence.Serve},
			{"stale", core.Meta{Stale: now, Dead: now + 2}, safe, coherence.Hold},
			{"stale without fail-safe", core.Meta{Stale: now, Dead: now + 2}, plain, coherence.Hold},
			{"throttled", core.Meta{Stale: now, Retry: now + 1, Dead: now + 2}, safe, coherence.ServeStale},
			{"throttled without fail-safe", core.Meta{Stale: now, Retry: now + 1, Dead: now + 2}, plain, coherence.Hold},
			{"dead", core.Meta{Stale: now - 1, Retry: now + 1, Dead: now}, safe, coherence.Ignore},
		} {
			if got := r.local.Judge("k", &c.m, now, &c.o); got != c.want {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

const here, there = 1, 2 // nodes

func TestLocal_WhateverChangesAKeyRevokesItsLoads(t *testing.T) {
	for name, change := range map[string]func(r *rig){
		"Write":      func(r *rig) { r.local.Write("k", r.entry(2, core.Version{})) },
		"Remove":     func(r *rig) { r.local.Remove("k", core.Version{}) },
		"Expire":     func(r *rig) { r.local.Expire("k", core.Version{}) },
		"Invalidate": func(r *rig) { r.local.Invalidate("k", core.Version{}) },
		"Landed":     func(r *rig) { r.local.Landed("k", version(here, 1), version(here, 1), false) },
		"Suspect":    func(r *rig) { r.local.Suspect() },
		"Clear":      func(r *rig) { r.local.Clear() },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				token, other := r.loads.begin("k"), r.loads.begin("other")
				change(r)
				before, had := r.memory.Get("k")
				if r.local.Commit("k", token, r.entry(1, core.Version{})) {
					t.Error("a load from before was stored")
				}
				if after, has := r.memory.Get("k"); after != before || has != had {
					t.Error("memory was changed")
				}
				all := name == "Suspect" || name == "Clear"
				if other.Valid() == all {
					t.Errorf("the load of another key is valid: %v", other.Valid())
				}
			})
		})
	}
}

func TestLocal_CommitStoresWithAValidTokenOrNone(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		for _, token := range []*core.Token{r.loads.begin("k"), nil} {
			if !r.local.Commit("k", token, r.entry(1, core.Version{})) {
				t.Error("not stored")
			}
			r.holds(t, 1, core.Fresh)
		}
	})
}

// A load and a write race. Whatever comes first, memory has the write in the end:
// the token is checked under the lock under which it is revoked.
func TestLocal_NoLoadIsStoredAfterAWriteThatItDidNotSee(t *testing.T) {
	r := newRig()
	for i := range 5000 {
		token := r.loads.begin("k")
		var race sync.WaitGroup
		race.Go(func() { r.local.Commit("k", token, r.entry(1, core.Version{})) })
		race.Go(func() { r.local.Write("k", r.entry(2, core.Version{})) })
		race.Wait()
		r.holds(t, 2, core.Fresh)
		if t.Failed() {
			t.Fatalf("in round %d", i)
		}
	}
}

func TestLocal_NothingOlderThanAWriteIsStoredAfterIt(t *testing.T) {
	for name, change := range map[string]func(r *rig, v core.Version){
		"Write":      func(r *rig, v core.Version) { r.local.Write("k", r.entry(2, v)) },
		"Remove":     func(r *rig, v core.Version) { r.local.Remove("k", v) },
		"Expire":     func(r *rig, v core.Version) { r.local.Expire("k", v) },
		"Invalidate": func(r *rig, v core.Version) { r.local.Invalidate("k", v) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				change(r, version(there, 5))
				r.memory.Delete("k") // evicted: the fence holds all the same
				for op, want := range map[uint64]bool{4: false, 6: true} {
					v := version(here, op)
					if got := r.local.Admits("k", v); got != want {
						t.Errorf("write %d is admitted: %v", op, got)
					}
					if got := r.local.Commit("k", nil, r.entry(1, v)); got != want {
						t.Errorf("write %d is stored: %v", op, got)
					}
				}
				if !r.local.Commit("other", nil, r.entry(1, version(here, 1))) {
					t.Error("another key is fenced off")
				}
			})
		})
	}
}

func TestLocal_ExpireKeepsOnlyWhatFailSafeCanUse(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.local.Write("k", r.entry(1, core.Version{}))
		r.local.Expire("k", core.Version{})
		r.holds(t, 1, core.Stale)

		now := r.clock.Now()
		r.local.Write("k", core.Live(1, core.Meta{Stale: now.Add(time.Minute), Dead: now.Add(time.Minute)}))
		r.local.Expire("k", core.Version{})
		r.holdsNothing(t)

		r.local.Write("k", r.entry(1, core.Version{}))
		pass(2 * time.Hour)
		r.local.Expire("k", core.Version{})
		r.holdsNothing(t)
		r.local.Expire("k", core.Version{}) // what is not there
	})
}

func TestLocal_ExpireEndsAThrottleWindow(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.local.Write("k", r.entry(1, core.Version{}))
		pass(2 * time.Minute)
		held, _ := r.memory.Get("k")
		r.local.Throttle("k", held, r.clock.Now().Add(time.Minute))
		r.holds(t, 1, core.Throttled)
		r.local.Expire("k", core.Version{})
		r.holds(t, 1, core.Stale)
	})
}

func TestLocal_InvalidateLeavesTheVeryWriteThatItIsAbout(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.local.Write("k", r.entry(1, version(there, 5)))
		r.local.Invalidate("k", version(there, 5))
		r.holds(t, 1, core.Fresh)
		r.local.Invalidate("k", version(there, 6))
		r.holds(t, 1, core.Stale)
		r.local.Write("k", r.entry(1, core.Version{}))
		r.local.Invalidate("k", core.Version{}) // nobody knows which write
		r.holds(t, 1, core.Stale)
	})
}

func TestLocal_DropExpiresOnlyTheWriteThatItNames(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.local.Write("k", r.entry(1, version(here, 5)))
		r.local.Drop("k", version(here, 4))
		r.holds(t, 1, core.Fresh)
		r.local.Drop("k", version(here, 5))
		r.holds(t, 1, core.Stale)
	})
}

func TestLocal_LandedExpiresWhatAReadFromBeforeHasStored(t *testing.T) {
	for _, c := range []struct {
		name   string
		stored core.Version
		landed core.Version
		want   core.State
	}{
		{"the write itself", version(here, 5), version(here, 5), core.Fresh},
		{"a later write of this node", version(here, 6), version(here, 5), core.Fresh},
		{"an earlier one", version(here, 4), version(here, 5), core.Stale},
		{"an earlier one of another node", version(there, 4), version(here, 5), core.Stale},
		{"a later one of another node", version(there, 7), version(here, 5), core.Fresh},
		{"of another node, and nobody knows", version(there, 7), core.Version{}, core.Stale},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.local.Write("k", r.entry(1, c.stored))
				r.local.Landed("k", version(here, 5), c.landed, false)
				r.holds(t, 1, c.want)
				r.local.Landed("\x00tag", version(here, 5), c.landed, false) // a mark: memory has none
			})
		})
	}
}

func TestLocal_AdoptRevokesLoadsThatBeganFromSomethingOlder(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		read, load := r.loads.begin("other"), r.loads.begin("k")
		if !r.local.Adopt("k", read, r.entry(1, version(there, 1))) || load.Valid() {
			t.Errorf("news: the load is valid: %v", load.Valid())
		}
		load = r.loads.begin("k")
		if !r.local.Adopt("k", read, r.entry(1, version(there, 1))) || !load.Valid() {
			t.Errorf("nothing new: the load is valid: %v", load.Valid())
		}
		r.holds(t, 1, core.Fresh)
	})
}

func TestLocal_AdoptOfARevokedReadStoresNothing(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		read := r.loads.begin("k")
		r.local.Write("k", r.entry(1, version(here, 5)))
		if r.local.Adopt("k", read, r.entry(2, version(there, 4))) {
			t.Error("a revoked read was stored")
		}
		r.holds(t, 1, core.Fresh)
		if r.local.Adopt("k", read, r.entry(2, version(there, 6))) {
			t.Error("a revoked read was stored")
		}
		r.holds(t, 1, core.Stale) // its callers have seen something newer
	})
}

func TestLocal_SuspectTrustsOnlyWhatIsCheckedSince(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		o := core.EntryOptions{StaleTTL: time.Hour}
		r.local.Write("k", r.entry(1, core.Version{}))
		if r.judge(o) != coherence.Serve {
			t.Error("a fresh entry is not served")
		}
		pass(time.Second)
		r.local.Suspect()
		r.holds(t, 1, core.Fresh) // nothing is deleted
		if got := r.judge(o); got != coherence.Hold {
			t.Errorf("a suspect entry: verdict %v", got)
		}
		r.local.Write("k", r.entry(2, core.Version{}))
		if r.judge(o) != coherence.Serve {
			t.Error("an entry from after is not served")
		}
	})
}

func TestLocal_ConfirmMakesAnEntryTrustedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		v := version(there, 5)
		read := r.loads.begin("k")
		r.local.Commit("k", nil, core.Live(1, r.entry(1, v).Meta()))
		e, _ := r.memory.Get("k")
		m := e.Meta()
		pass(time.Second)
		r.local.Suspect()
		m.Checked = r.clock.Now()
		r.local.Confirm("k", read, m) // revoked by Suspect
		if r.judge(core.EntryOptions{}) != coherence.Hold {
			t.Error("a revoked read has confirmed")
		}
		other := m
		other.Version = version(there, 6)
		r.local.Confirm("k", nil, other)
		if r.judge(core.EntryOptions{}) != coherence.Hold {
			t.Error("another write was confirmed")
		}
		r.local.Confirm("k", r.loads.begin("k"), m)
		if r.judge(core.EntryOptions{}) != coherence.Serve {
			t.Error("not trusted after all")
		}
		r.local.Confirm("absent", nil, m)
		if _, ok := r.memory.Get("absent"); ok {
			t.Error("what was not there was stored")
		}
	})
}

func TestLocal_ARefusedEntryIsAnEventAndLeavesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.local.Write("k", r.entry(1, core.Version{}))
		r.memory.refuses = true
		r.local.Write("k", r.entry(2, core.Version{}))
		r.holdsNothing(t)
		if n := r.events.count(core.MemoryRefused); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}

func TestLocal_ClearForgetsEverything(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.local.Write("k", r.entry(1, core.Version{}))
		r.local.Clear()
		r.holdsNothing(t)
	})
}

func TestLocal_ExtendsWhatIsNotKnownToBeObsolete(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(r *rig) // what comes between the write and the extension
		want   core.State
	}{
		{"nothing", func(*rig) {}, core.Fresh},
		{"the end of its life", func(*rig) { pass(61 * time.Second) }, core.Fresh},
		{"a write", func(r *rig) { r.local.Invalidate("k", version(there, 9)) }, core.Stale},
		{"a write long ago", func(r *rig) { r.local.Invalidate("k", version(there, 9)); pass(3 * time.Minute) }, core.Stale},
		{"a write from far ahead", func(r *rig) { r.local.Invalidate("k", core.Version{}) }, core.Stale},
		{"a write after its end", func(r *rig) { pass(61 * time.Second); r.local.Invalidate("k", core.Version{}) }, core.Stale},
		{"an expiry", func(r *rig) { r.local.Expire("k", version(there, 9)); pass(3 * time.Minute) }, core.Stale},
		{"a change by another program", func(r *rig) { r.local.Doubt("k") }, core.Stale},
		{"a gap", func(r *rig) { pass(time.Second); r.local.Suspect() }, core.Stale},
		{"another write in its place", func(r *rig) { r.local.Write("k", r.entry(1, version(here, 2))) }, core.Stale},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				held := r.entry(1, version(here, 1))
				r.local.Write("k", held)
				c.before(r)
				load := r.loads.begin("k")
				life := r.entry(1, version(there, 5)).Meta()
				r.local.Extend("k", version(here, 1), life)
				r.holds(t, 1, c.want)
				if load.Valid() || r.local.Admits("k", version(here, 1)) {
					t.Error("something older may still be stored")
				}
				e, _ := r.memory.Get("k")
				if c.want == core.Fresh && (!e.Version().Same(life.Version) || e.Checked() != held.Checked()) {
					t.Errorf("extended to %v, checked at %v", e.Version(), e.Checked())
				}
			})
		})
	}
}

func TestLocal_ExtendsNothingThatIsNotThereOrIsTheNewWrite(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.local.Extend("k", version(here, 1), r.entry(1, version(there, 5)).Meta())
		r.holdsNothing(t)
		own := r.entry(2, version(there, 5))
		r.local.Write("k", own)
		r.local.Extend("k", version(here, 1), r.entry(1, version(there, 5)).Meta())
		if e, _ := r.memory.Get("k"); e != own {
			t.Error("the write itself was changed")
		}
	})
}

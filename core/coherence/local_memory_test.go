// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// changesOfMemory are the events that tell how memory has changed.
const changesOfMemory = core.MemoryWritten | core.MemoryRemoved | core.MemoryExpired

// changes returns what was told of memory since it was last asked.
func (l *listener) changes() (out []core.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ev := range l.all {
		if ev.Kind&changesOfMemory != 0 {
			out = append(out, ev)
		}
	}
	l.all = nil
	return out
}

// Memory has for ten seconds what another node has written, with or without a life after
// its end, when something happens.
func TestLocal_TellsWhatBecomesOfMemory(t *testing.T) {
	for _, c := range fates() {
		for _, stale := range []time.Duration{0, time.Hour} {
			bubble(t, func(t *testing.T, r *rig) {
				m := r.entry(1, version(there, 5)).Meta()
				m.Dead = m.Stale.Add(stale)
				r.local.Write("k", core.Live(1, m))
				pass(10 * time.Second)
				r.events.changes()
				want := c.keeps
				if stale == 0 && c.loses != nil {
					want = c.loses
				}
				c.do(r)
				for i := range want {
					want[i].Key, want[i].Level, want[i].Stack = "k", core.LevelMemory, "test"
				}
				if got := r.events.changes(); !slices.Equal(got, want) {
					t.Errorf("%s, kept for %v: got %+v, want %+v", c.what, stale, got, want)
				}
			})
		}
	}
}

// fate is what may happen to what memory holds, and what is told of it.
type fate struct {
	what  string
	do    func(r *rig)
	keeps []core.Event // if fail-safe can use what is expired
	loses []core.Event // if not; nil: the same
}

func fates() []fate {
	held := version(there, 5)
	later := version(there, 6)
	written := func(by string) []core.Event {
		return []core.Event{{Kind: core.MemoryWritten, Detail: by}}
	}
	removed := func(by string) []core.Event {
		return []core.Event{{Kind: core.MemoryRemoved, Age: 10 * time.Second, Detail: by}}
	}
	expired := func(by string) []core.Event {
		return []core.Event{{Kind: core.MemoryExpired, Age: 10 * time.Second, Detail: by}}
	}
	return []fate{
		{what: "a set", do: func(r *rig) { r.local.Write("k", r.entry(2, version(here, 9))) }, keeps: written("")},
		{what: "a removal", do: func(r *rig) { r.local.Remove("k", version(here, 9)) }, keeps: removed("")},
		{what: "an expiry", do: func(r *rig) { r.local.Expire("k", version(here, 9)) }, keeps: expired(""), loses: removed("")},
		{what: "two expiries", do: func(r *rig) {
			r.local.Expire("k", version(here, 9))
			r.local.Expire("k", version(here, 10))
		}, keeps: expired(""), loses: removed("")},
		{what: "a load", do: func(r *rig) { r.local.Commit("k", nil, r.entry(2, later)) }, keeps: written("factory")},
		{what: "a load that may not store", do: func(r *rig) { r.local.Commit("k", nil, r.entry(2, version(there, 4))) }},
		{what: "a read", do: func(r *rig) { r.local.Adopt("k", nil, r.entry(2, later)) }, keeps: written("distributed")},
		{what: "a read that memory is not to have", do: func(r *rig) { r.local.Overtaken("k", r.entry(2, later)) }, keeps: expired("distributed"), loses: removed("distributed")},
		{what: "a message", do: func(r *rig) { r.local.Invalidate("k", later) }, keeps: expired("backplane"), loses: removed("backplane")},
		{what: "a message about what is held", do: func(r *rig) { r.local.Invalidate("k", held) }},
		{what: "a message that gives it another life", do: func(r *rig) { r.local.Extend("k", held, r.entry(0, later).Meta()) }, keeps: written("backplane")},
		{what: "one that would", do: func(r *rig) { r.local.Extend("k", version(there, 4), r.entry(0, later).Meta()) }, keeps: expired("backplane"), loses: removed("backplane")},
		{what: "an own write that was later there", do: func(r *rig) { r.local.Landed("k", version(here, 9), version(here, 9), false) }, keeps: expired("distributed"), loses: removed("distributed")},
		{what: "an own removal that was", do: func(r *rig) { r.local.Landed("k", version(here, 9), version(here, 9), true) }, keeps: removed("distributed")},
		{what: "a write that was not the last", do: func(r *rig) { r.local.Drop("k", held) }, keeps: expired("distributed"), loses: removed("distributed")},
		{what: "another one", do: func(r *rig) { r.local.Drop("k", later) }},
		{what: "a write that was removed", do: func(r *rig) { r.local.Withdraw("k", held) }, keeps: removed("distributed")},
		{what: "a throttle window", do: func(r *rig) {
			e, _ := r.memory.Get("k")
			r.local.Throttle("k", e, r.clock.Now().Add(time.Second))
		}},
		{what: "a doubt", do: func(r *rig) { r.local.Doubt("k") }},
		{what: "doubt of all", do: func(r *rig) { r.local.Suspect() }},
		{what: "a check", do: func(r *rig) {
			e, _ := r.memory.Get("k")
			r.local.Confirm("k", nil, e.Meta())
			r.local.Restamp("k", e.Meta())
		}},
		{what: "a key that is not held", do: func(r *rig) {
			r.local.Remove("other", later)
			r.local.Expire("other", later)
			r.local.Invalidate("other", later)
		}},
		{what: "a refusal", do: func(r *rig) {
			r.memory.refuses = true
			r.local.Write("k", r.entry(2, version(here, 9)))
		}},
		{what: "a key that is not held, and one that memory has lost", do: func(r *rig) {
			r.memory.Delete("k")
			r.local.Remove("k", later)
		}},
	}
}

func TestLocal_ToldThatAllIsGoneWithoutAKey(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.local.Clear()
		want := core.Event{Kind: core.MemoryRemoved, Level: core.LevelMemory, Stack: "test"}
		if got := r.events.changes(); len(got) != 1 || got[0] != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// asked is a memory layer that counts how often it is asked.
type asked struct {
	*memory
	gets int
}

func (a *asked) Get(key string) (*core.Entry, bool) {
	a.gets++
	return a.memory.Get(key)
}

// What memory had is of interest to listeners only.
func TestLocal_ARemovalAsksMemoryForNobody(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		for _, listens := range []bool{false, true} {
			memory, events := &asked{memory: newMemory()}, core.NewEvents("test")
			if listens {
				listen(events, core.MemoryRemoved)
			}
			local := coherence.NewLocal(memory, r.clock, events)
			local.Write("k", r.entry(1, core.Version{}))
			local.Remove("k", core.Version{})
			if got := memory.gets > 0; got != listens {
				t.Errorf("somebody listens: %v, and memory was asked: %v", listens, got)
			}
		}
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

var keys = coherence.Prefixes{Entries: "e:", Marks: "m:"}

func TestChanged_EntryIsCheckedBeforeItIsServed(t *testing.T) {
	hearing(t, func(t *testing.T, e *ears) {
		e.receiver.Heed(keys)
		e.local.Write("k", e.entry(1, version(here, 1)))
		e.local.Write("other", e.entry(2, version(here, 2)))
		load := e.loads.begin("k")
		e.receiver.Changed("e:k")
		if got := e.judge(core.EntryOptions{}); got != coherence.Hold {
			t.Errorf("verdict %d, want %d", got, coherence.Hold)
		}
		e.holds(t, 1, core.Fresh) // fail-safe can use it
		if load.Valid() {
			t.Error("a load that may have read what was there before may store")
		}
		if other, _ := e.memory.Get("other"); !e.trustsOld(other.Checked()) {
			t.Error("another entry is not trusted any more")
		}

		checked, _ := e.memory.Get("k")
		m := checked.Meta()
		m.Checked = e.clock.Now()
		e.local.Confirm("k", load, m)
		if got := e.judge(core.EntryOptions{}); got != coherence.Hold {
			t.Error("a check that began before the change confirms the entry")
		}
		e.local.Confirm("k", e.loads.begin("k"), m)
		if got := e.judge(core.EntryOptions{}); got != coherence.Serve {
			t.Errorf("verdict %d after a check, want %d", got, coherence.Serve)
		}
	})
}

func TestChanged_DoubtOutlastsTheFormOfBytes(t *testing.T) {
	hearing(t, func(t *testing.T, e *ears) {
		e.receiver.Heed(keys)
		live := e.entry(1, version(here, 1))
		e.local.Write("k", live.WithPayload([]byte("1")))
		e.receiver.Changed("e:k")
		held, _ := e.memory.Get("k")
		m, payload, err := core.ParseEntry(held.AppendBinary(nil))
		if err != nil || string(payload) != "1" || e.trustsOld(m.Checked) {
			t.Errorf("%+v, %q, %v; want an entry that is not trusted", m, payload, err)
		}
	})
}

func TestChanged_IgnoresForeignKeys(t *testing.T) {
	hearing(t, func(t *testing.T, e *ears) {
		e.local.Write("k", e.entry(1, version(here, 1)))
		e.receiver.Changed("e:k") // there is no distributed layer yet
		e.receiver.Heed(keys)
		for _, key := range []string{"", "k", "e", "x:k", "e:", "e:absent", "m:", "m:tag"} {
			e.receiver.Changed(key)
		}
		if got := e.judge(core.EntryOptions{}); got != coherence.Serve {
			t.Errorf("verdict %d, want %d", got, coherence.Serve)
		}
		if n := e.events.count(core.GapSuspected); n != 0 {
			t.Errorf("%d gaps", n)
		}
	})
}

// changing returns marks, and a function that says which key has changed.
func changing(n *node) (m *coherence.Marks, changed func(key string)) {
	m = marksOf(n)
	local := coherence.NewLocal(newMemory(), n.clock, nil)
	local.Watch(m)
	id := coherence.NewNodeID()
	versions := coherence.NewVersions(id, n.clock.Wall, 0)
	r := coherence.NewReceiver(local, versions, coherence.NewNotifier(new(bus), id, nil), coherence.PulseOptions{}, nil)
	r.Heed(keys)
	r.Joined(false)
	return m, r.Changed
}

func TestChanged_MarkIsReadAgain(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		time.Sleep(time.Second)
		m, changed := changing(n)
		e := marked(t, m, "red")
		changed("m:red")
		changed("m:")
		changed("m:unknown")
		if !m.Current(e.Stamp.Marked) || m.Len() != 2 {
			t.Error("a mark that the node has just drawn is in doubt because of that, or an unknown one is")
		}
		time.Sleep(time.Second)
		changed("m:red")
		if m.Judge(&e) != coherence.Unknown {
			t.Error("a mark that somebody has changed is not in doubt")
		}
		stands(t, m, e, coherence.Valid) // the server says that it is the same

		other, changed := changing(n)
		e = marked(t, other, "red")
		changed("m:red")
		if other.Judge(&e) != coherence.Unknown {
			t.Error("a mark that another node has drawn is not in doubt")
		}
		stands(t, other, e, coherence.Valid)
		_ = n.server.store.Delete(t.Context(), "m:")
		changed("m:")
		stands(t, other, e, coherence.Revoked)
	})
}

// After a repair without a gap what was missed is on its way. The own messages
// among it prove nothing about what comes behind them, and their lateness nothing
// about a loss.
func TestJoined_WithoutAGapIsTrustedWhenAnOwnMessageFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(echo)
		e := newEars(b)
		b.to = e.receiver
		e.receiver.Joined(false)
		checked := e.clock.Now()

		var repaired atomic.Bool
		b.published = func(wire.Message) {
			if repaired.CompareAndSwap(true, false) && e.trustsOld(checked) {
				t.Error("the node trusts what it has before it has heard what it missed")
			}
		}
		b.broken.Store(true) // what the node publishes is refused
		beat := beating(t, e)
		time.Sleep(4500 * time.Millisecond)
		if e.trustsOld(checked) {
			t.Error("a deaf node trusts what it has")
		}
		e.receiver.Joined(true)
		e.message(wire.MessageHeartbeat, core.Version{}) // one that was missed
		synctest.Wait()                                  // what joining has the node publish is refused as well
		repaired.Store(true)
		b.broken.Store(false)
		time.Sleep(2 * time.Second)
		if repaired.Load() || !e.trustsOld(checked) {
			t.Error("the node does not trust what it has though nothing was missed")
		}
		if n := e.events.count(core.GapSuspected); n != 0 {
			t.Errorf("%d gaps", n)
		}
		beat()
	})
}

// beating lets the node of e say every second that it lives, until end is called.
func beating(t *testing.T, e *ears) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.receiver.Beat(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

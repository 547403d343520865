// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// eventful is a clock that has something happen when it is looked at next.
type eventful struct {
	core.Clock
	event func()
}

func (c *eventful) Now() core.Instant {
	if f := c.event; f != nil {
		c.event = nil
		f()
	}
	return c.Clock.Now()
}

// tagged puts an entry into memory that is stale and has the tag "red", under marks.
func (r *rig) tagged(t *testing.T, marks *coherence.Marks) *core.Entry {
	t.Helper()
	m := r.entry(1, core.Version{}).Meta()
	m.Stamp = marks.Begin(t.Context(), []string{"red"})
	held := core.Live(1, m)
	r.local.Write("k", held)
	pass(2 * time.Minute)
	return held
}

// A window is opened for an entry in doubt, too, which does not make it valid: the expiry
// that was heard of has had its effect, but what a gap hid may be a removal.
func TestThrottle_LeavesDoubtWhatItIs(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		marks := marksOf(n)
		n.local.Watch(marks)
		held := n.tagged(t, marks)
		marks.DoubtAll()
		marks.Doubt("red", true, core.Version{})
		if !n.local.Throttle("k", held, n.clock.Now().Add(time.Minute)) {
			t.Fatal("no window")
		}
		e, _ := n.memory.Get("k")
		m := e.Meta()
		if got, want := n.local.Standing(&m), marks.Judge(&m); got != want || want != coherence.Unknown {
			t.Errorf("standing %v, judged %v, want unknown", got, want)
		}
	})
}

// A removal that is heard of while a window is opened counts, whichever comes first.
func TestThrottle_ARemovalThatIsHeardOfMeanwhileCounts(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		clock, marks := &eventful{Clock: n.clock}, marksOf(n)
		n.local = coherence.NewLocal(n.memory, clock, nil, n.loads)
		n.local.Watch(marks)
		held := n.tagged(t, marks)
		marks.Doubt("red", true, core.Version{})
		clock.event = func() { marks.Doubt("red", false, core.Version{}) }
		n.local.Throttle("k", held, n.clock.Now().Add(time.Minute))
		if got := n.judge(*options()); got != coherence.Hold {
			t.Errorf("in the window of what was removed: verdict %v", got)
		}
		n.server.broken.Store(true)
		var got core.Request
		e, _ := n.memory.Get("k")
		_, _ = n.read(t.Context(), core.Request{Held: e}, passes(&got))
		if got.Key == "" || got.Held != nil {
			t.Errorf("passed on %q, held %+v", got.Key, got.Held)
		}
		if n.local.Throttle("k", e, n.clock.Now().Add(time.Hour)) {
			t.Error("another window")
		}
	})
}

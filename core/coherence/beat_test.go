// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// listening is a node with marks on the server of n, which hears what b is given.
func listening(t *testing.T, n *node, b *echo) (e *ears, m *coherence.Marks) {
	t.Helper()
	e, m = newEars(b), marksOf(n)
	if b.to == nil {
		b.to = e.receiver
	}
	e.local.Watch(m)
	e.receiver.Joined(false)
	t.Cleanup(beating(t, e))
	return e, m
}

// A server that has lost everything gives the first node that asks a new mark of
// the whole cache. The others would go on under the old one for seconds, and what
// they store would be nothing to the first.
func TestBeat_ANewMarkOfEverythingIsToldToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, true)
		b := new(echo)
		old, marks := listening(t, n, new(echo))
		b.to = old.receiver
		time.Sleep(3 * time.Second)
		_ = n.server.Delete(t.Context(), "m:")
		e := marked(t, marks)
		_, _ = listening(t, n, b) // a new node
		time.Sleep(1500 * time.Millisecond)
		if got := marks.Judge(&e); got != coherence.Unknown && got != coherence.Revoked {
			t.Errorf("standing %d of an entry under the mark that was lost", got)
		}
		stands(t, marks, e, coherence.Revoked)
		told := 0
		for _, m := range b.all() {
			if m.Kind == wire.MessageClearedSoft {
				told++
			}
		}
		if told != 1 {
			t.Errorf("the others were told %d times", told)
		}
	})
}

// While the server is away, the mark of everything is asked for less and less often.
func TestBeat_ReadsBecomeRareWhileTheyFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, true)
		n.server.broken.Store(true)
		_, _ = listening(t, n, new(echo))
		time.Sleep(time.Minute)
		if got := n.events.count(core.LayerFailed); got < 10 || got > 25 {
			t.Errorf("%d reads in a minute, want few", got)
		}
		n.server.broken.Store(false)
		time.Sleep(6 * time.Second)
		before := n.events.count(core.LayerFailed)
		time.Sleep(time.Minute)
		if got := n.events.count(core.LayerFailed) - before; got != 0 {
			t.Errorf("%d failures after the server is back", got)
		}
	})
}

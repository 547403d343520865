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

// pair returns two nodes with marks and one server, to which the first has a slow
// connection from now on.
func pair(t *testing.T, tag string) (slow, quick *node) {
	t.Helper()
	slow, quick = newNode(t, true), newNode(t, true)
	quick.server.store = slow.server.store
	for _, n := range []*node{slow, quick} {
		n.writer.Marks = marksOf(n)
		_ = marked(t, n.writer.Marks, tag)
	}
	slow.server.delay = time.Second
	return slow, quick
}

// renew draws a new mark and takes it to the server.
func (n *node) renew(t *testing.T, tag string, soft bool) {
	t.Helper()
	o := options()
	o.DistributedTimeout, o.ReturnLayerErrors = time.Minute, true
	if outcome, err := n.writer.Renew(t.Context(), tag, soft, o); outcome != core.Committed || err != nil {
		t.Errorf("%v, %v", outcome, err)
	}
}

// What a node stores under its own mark, before another node removes everything, must
// not become valid when that mark reaches the server after the other's.
func TestRenew_AMarkThatIsOvertakenUndoesNoLaterRemoval(t *testing.T) {
	for name, soft := range map[string]bool{"removal": false, "expiry": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const tag = "red"
				slow, quick := pair(t, tag)
				go slow.renew(t, tag, soft)
				time.Sleep(500 * time.Millisecond)
				between := marked(t, slow.writer.Marks, tag)
				quick.renew(t, tag, soft)
				time.Sleep(10 * time.Second)
				for name, m := range map[string]*coherence.Marks{
					"the first node": slow.writer.Marks, "the second": quick.writer.Marks, "another": marksOf(quick),
				} {
					if got := m.Learn(t.Context(), &between); got < coherence.Outdated {
						t.Errorf("%s: what was stored before the last removal has standing %d", name, got)
					}
				}
			})
		})
	}
}

// A node's own marks are in order: what it stores under the last of them stays.
func TestRenew_KeepsWhatIsStoredUnderTheLastOfTwoMarksUnderWay(t *testing.T) {
	for name, known := range map[string]bool{"of a tag that is known": true, "of one that is not": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const tag = "red"
				slow, quick := pair(t, tag)
				if !known {
					time.Sleep(2 * coherence.DefaultMaxSkew)
					slow.writer.Marks = marksOf(slow)
				}
				for range 2 {
					go slow.renew(t, tag, false)
					synctest.Wait()
				}
				e := recalled(slow.writer.Marks, tag)
				time.Sleep(10 * time.Second)
				now := quick.writer.Marks.Begin(t.Context(), []string{tag})
				if now.Generation(0) != e.Stamp.Generation(0) {
					t.Error("what was stored after both removals is not valid")
				}
			})
		})
	}
}

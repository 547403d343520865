// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// marksOf returns the marks of a node with the server of n.
func marksOf(n *node) *coherence.Marks { return coherence.NewMarks(n.shared, n.clock, 0) }

// marked is the metadata of an entry that is begun now, and that fail-safe can use
// when it has expired.
func marked(t *testing.T, m *coherence.Marks, tags ...string) core.Meta {
	t.Helper()
	return core.Meta{Stamp: m.Begin(t.Context(), tags), Stale: core.Never - 1, Dead: core.Never}
}

// recalled is marked for when the server is away.
func recalled(m *coherence.Marks, tags ...string) core.Meta {
	return core.Meta{Stamp: m.Recall(tags), Stale: core.Never - 1, Dead: core.Never}
}

func stands(t *testing.T, m *coherence.Marks, e core.Meta, want coherence.Standing) {
	t.Helper()
	if got := m.Learn(t.Context(), &e); got != want {
		t.Errorf("standing %d, want %d", got, want)
	}
}

func TestMarks_RenewingATagInvalidatesItsEntriesAndNoOthers(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		m := marksOf(n)
		red, blue, plain := marked(t, m, "red"), marked(t, m, "blue"), marked(t, m)
		m.Renew("red", true)
		stands(t, m, red, coherence.Outdated)
		m.Renew("red", false)
		stands(t, m, red, coherence.Revoked)
		stands(t, m, blue, coherence.Valid)
		stands(t, m, plain, coherence.Valid)
		stands(t, m, marked(t, m, "red"), coherence.Valid)
		m.Renew("", false)
		stands(t, m, blue, coherence.Revoked)
		stands(t, m, plain, coherence.Revoked)
	})
}

// As with an expiry of its key, nothing is left of an entry that fail-safe has no
// use for.
func TestMarks_ExpiryRemovesWhatHasNoReserve(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		m := marksOf(n)
		e := marked(t, m, "red")
		e.Dead = e.Stale
		stands(t, m, e, coherence.Valid)
		m.Renew("red", true)
		stands(t, m, e, coherence.Revoked)
	})
}

func TestMarks_OnlyWhatChangedNothingSinceNeedsNoLook(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		m := marksOf(n)
		_ = marked(t, m, "red")
		e := marked(t, m, "red")
		if !m.Current(e.Stamp.Marked) {
			t.Error("nothing has changed, but a look is needed")
		}
		m.Renew("blue", false)
		if m.Current(e.Stamp.Marked) {
			t.Error("a mark has changed, but no look is needed")
		}
	})
}

func TestMarks_WhatIsInDoubtIsReadAgain(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		m, other := marksOf(n), marksOf(n)
		e := marked(t, m, "red")
		m.Doubt("red", false, core.Version{})
		if got := m.Judge(&e); got != coherence.Unknown {
			t.Errorf("standing %d in doubt", got)
		}
		stands(t, m, e, coherence.Valid) // the server says that nothing has changed
		stands(t, other, e, coherence.Valid)
		m.DoubtAll()
		if got := m.Judge(&e); got != coherence.Unknown {
			t.Errorf("standing %d in doubt", got)
		}
		n.server.broken.Store(true)
		stands(t, m, e, coherence.Unknown)
	})
}

func TestMarks_ASettledEntryHasTheServersGenerations(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		first := marked(t, marksOf(n), "red")
		m := marksOf(n) // a node that knows nothing yet
		e := recalled(m, "red")
		if e.Stamp.Epoch == first.Stamp.Epoch {
			t.Fatal("recalled what it cannot know")
		}
		settled, err := m.Settle(t.Context(), e)
		if err != nil || settled.Stamp.Epoch != first.Stamp.Epoch || settled.Stamp.Generations[0] != first.Stamp.Generations[0] {
			t.Errorf("settled as %+v, %v, want the generations of %+v", settled, err, first)
		}
		stands(t, marksOf(n), settled, coherence.Valid)
		if e.Stamp.Generations[0] == first.Stamp.Generations[0] {
			t.Error("the entry itself was changed")
		}
	})
}

func TestMarks_WhatWasRemovedMeanwhileIsNotSettled(t *testing.T) {
	for name, change := range map[string]func(m *coherence.Marks){
		"its tag was renewed":          func(m *coherence.Marks) { m.Renew("red", false) },
		"everything was renewed":       func(m *coherence.Marks) { m.Renew("", true) },
		"another node renewed its tag": func(m *coherence.Marks) { m.Doubt("red", false, core.Version{}) },
		"messages were lost":           func(m *coherence.Marks) { m.DoubtAll() },
		"its tag was forgotten": func(m *coherence.Marks) {
			m.Renew("red", false)
			for i := 0; m.Remembers("red"); i++ {
				m.Renew(fmt.Sprint(i), false)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNode(t, true)
				m := marksOf(n)
				e := recalled(m, "red")
				change(m)
				settled, err := m.Settle(t.Context(), e)
				if err != nil {
					t.Fatal(err)
				}
				if got := marksOf(n).Learn(t.Context(), &settled); got == coherence.Valid {
					t.Error("valid again")
				}
			})
		})
	}
}

// A message may be lost: a mark that is not the one that was read before has changed
// since, whoever says so.
func TestMarks_AnEntryUnderAMarkThatTheServerHasNoMoreIsNotSettled(t *testing.T) {
	for _, key := range []string{"m:", "m:red"} {
		writing(t, func(t *testing.T, n *node) {
			m := marksOf(n)
			e := marked(t, m, "red")
			_ = n.server.store.Delete(t.Context(), key)
			_ = marked(t, marksOf(n), "red") // another node draws a new one
			time.Sleep(time.Minute)
			settled, err := m.Settle(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			stands(t, marksOf(n), settled, coherence.Revoked)
		})
	}
}

// A node reads what it stored before it knew the server's marks, also afterwards.
func TestMarks_OwnGenerationsHoldUntilAChange(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_ = marked(t, marksOf(n), "red")
		m := marksOf(n) // a node that knows nothing yet
		e := recalled(m, "red")
		_ = marked(t, m, "red")
		stands(t, m, e, coherence.Valid)
		time.Sleep(time.Minute) // they are read again
		stands(t, m, e, coherence.Valid)
		m.DoubtAll()
		if got := m.Judge(&e); got != coherence.Unknown {
			t.Errorf("in doubt, it stands at %d", got)
		}
		stands(t, m, e, coherence.Valid)
		stands(t, marksOf(n), e, coherence.Revoked) // on no other node
		m.Renew("red", true)
		stands(t, m, e, coherence.Outdated)
		m.Renew("red", false)
		stands(t, m, e, coherence.Revoked)
	})
}

func TestMarks_OwnGenerationsEndWithWhatIsHeardBeforeTheServerAnswers(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_ = marked(t, marksOf(n), "red")
		for name, change := range map[string]func(m *coherence.Marks){
			"removal of the tag":    func(m *coherence.Marks) { m.Doubt("red", false, core.Version{}) },
			"removal of everything": func(m *coherence.Marks) { m.Doubt("", false, core.Version{}) },
			"messages may be lost":  func(m *coherence.Marks) { m.DoubtAll() },
			"removal by this node":  func(m *coherence.Marks) { m.Renew("red", false) },
			"clearing by this node": func(m *coherence.Marks) { m.Renew("", false) },
			"the server lost its mark": func(m *coherence.Marks) {
				_ = marked(t, m, "red")
				_ = n.server.store.Delete(t.Context(), "m:red")
				time.Sleep(time.Minute)
			},
		} {
			m := marksOf(n)
			e := recalled(m, "red")
			change(m)
			_ = marked(t, m, "red")
			if got := m.Learn(t.Context(), &e); got != coherence.Revoked {
				t.Errorf("%s: standing %d, want revoked", name, got)
			}
		}
	})
}

func TestMarks_NothingIsSettledWithoutTheServer(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		m := marksOf(n)
		e := recalled(m, "red")
		n.server.broken.Store(true)
		if _, err := m.Settle(t.Context(), e); err == nil {
			t.Error("no error")
		}
		n.server.broken.Store(false)
		time.Sleep(time.Minute)
		if _, err := m.Settle(t.Context(), e); err != nil {
			t.Error(err)
		}
	})
}

func TestMarks_OfANodeWithoutAServerAreItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := coherence.NewMarks(nil, core.NewMonotonic(nil), 0)
		e := marked(t, m, "red")
		settled, err := m.Settle(t.Context(), e)
		if err != nil || settled.Stamp.Epoch != e.Stamp.Epoch {
			t.Errorf("settled as %+v, %v", settled, err)
		}
		stands(t, m, e, coherence.Valid)
		m.Doubt("red", false, core.Version{}) // another node's clearing counts here too
		stands(t, m, e, coherence.Revoked)
	})
}

func TestMarks_AreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, true)
		m := marksOf(n)
		for i := range coherence.MaxMarks {
			m.Renew(fmt.Sprint(i), false)
		}
		m.Renew("red", false)
		m.Doubt("blue", false, core.Version{})
		_ = recalled(m, "green", "yellow")
		_ = marked(t, m, "white")
		if got := m.Len(); got > coherence.MaxMarks {
			t.Errorf("%d tags are remembered, at most %d are allowed", got, coherence.MaxMarks)
		}
	})
}

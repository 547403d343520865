// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/fusioncache-go/fusioncache/core/backplanetest"
)

// mutant is a backplane with one defect, which exactly one law must catch.
type mutant struct {
	law    string
	defect string
	breaks func(r *rig)
}

func TestMutants_EachBreaksExactlyItsLaw(t *testing.T) {
	for _, m := range mutants() {
		t.Run(m.law+"/"+m.defect, func(t *testing.T) {
			r := newRig()
			m.breaks(r)
			if got, want := brokenLaws(t, r), []string{m.law}; !slices.Equal(got, want) {
				t.Errorf("broken laws: got %v, want %v", got, want)
			}
		})
	}
}

func TestMutants_EveryLawHasOne(t *testing.T) {
	for _, law := range backplanetest.Laws() {
		if !slices.ContainsFunc(mutants(), func(m mutant) bool { return m.law == law.Name }) {
			t.Errorf("no mutant proves law %s", law.Name)
		}
	}
}

func TestReference_KeepsEveryLaw(t *testing.T) {
	if got := brokenLaws(t, newRig()); len(got) > 0 {
		t.Errorf("broken laws: %v", got)
	}
}

func TestHarness_MissingPartsMustBeDeclared(t *testing.T) {
	r := newRig()
	bare := func(h *backplanetest.Harness) {
		h.Oversize, h.Overflow = 0, 0
		open := h.New
		h.New = func(tb testing.TB) backplanetest.Channel {
			return backplanetest.Channel{Node: open(tb).Node}
		}
	}
	r.change = bare
	want := []string{"Oversize", "Overflow", "Cut", "PublishWhileCut", "Stall", "AfterClose"}
	if got := brokenLaws(t, r); !slices.Equal(got, want) {
		t.Errorf("missing and not declared: broken laws %v, want %v", got, want)
	}
	r.change = func(h *backplanetest.Harness) {
		bare(h)
		h.Features = without
	}
	if got := brokenLaws(t, r); len(got) > 0 {
		t.Errorf("missing and declared: broken laws %v, want none", got)
	}
}

func TestHarness_DeclaredMissingMustBeMissing(t *testing.T) {
	r := newRig()
	r.change = func(h *backplanetest.Harness) { h.Features = without }
	want := []string{"Oversize", "Overflow", "Abilities"}
	if got := brokenLaws(t, r); !slices.Equal(got, want) {
		t.Errorf("broken laws %v, want %v", got, want)
	}
}

var without = backplanetest.Features{
	Ping: true, NoClose: true, NoCut: true, NoStall: true, NoLimit: true, NoOverflow: true,
}

func TestHarness_WithoutNewBreaksEveryLaw(t *testing.T) {
	r := newRig()
	r.change = func(h *backplanetest.Harness) { *h = backplanetest.Harness{} }
	if got, want := len(brokenLaws(t, r)), len(backplanetest.Laws()); got != want {
		t.Errorf("%d broken laws, want all %d", got, want)
	}
}

// brokenLaws checks all laws, each in its own bubble, and returns the names of
// those that fail.
func brokenLaws(t *testing.T, r *rig) (names []string) {
	t.Helper()
	for _, law := range backplanetest.Laws() {
		synctest.Test(t, func(t *testing.T) {
			r.reset(t)
			err := backplanetest.Check(t, law, r.harness())
			if err != nil && !errors.Is(err, backplanetest.ErrNotApplicable) {
				t.Logf("%s: %v", law.Name, err)
				names = append(names, law.Name)
			}
		})
	}
	return names
}

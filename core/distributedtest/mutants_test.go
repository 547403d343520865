// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/fusioncache-go/fusioncache/core/distributedtest"
)

// mutant is a layer with one defect, which exactly one law must catch.
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
			if got, want := brokenLaws(t, r.harness()), []string{m.law}; !slices.Equal(got, want) {
				t.Errorf("broken laws: got %v, want %v", got, want)
			}
		})
	}
}

func TestMutants_EveryLawHasOne(t *testing.T) {
	for _, law := range distributedtest.Laws() {
		if !slices.ContainsFunc(mutants(), func(m mutant) bool { return m.law == law.Name }) {
			t.Errorf("no mutant proves law %s", law.Name)
		}
	}
}

func TestReference_KeepsEveryLaw(t *testing.T) {
	if got := brokenLaws(t, newRig().harness()); len(got) > 0 {
		t.Errorf("broken laws: %v", got)
	}
}

func TestHarness_MissingPartsMustBeDeclaredAndDeclaredOnesMissing(t *testing.T) {
	all := newRig().harness()
	bare := all
	bare.NewClosed, bare.NewDown, bare.NewStalled = nil, nil, nil
	undeclared := []string{"AfterClose", "ServerDown", "ServerStalled"}
	if got := brokenLaws(t, bare); !slices.Equal(got, undeclared) {
		t.Errorf("constructors missing and not declared: broken laws %v, want %v", got, undeclared)
	}
	bare.Features = distributedtest.Features{Ping: true, Arbiter: true, Batch: true, BatchHeaders: true, NoServer: true, NoClose: true}
	if got := brokenLaws(t, bare); len(got) > 0 {
		t.Errorf("constructors missing and declared: broken laws %v, want none", got)
	}
	all.Features = bare.Features
	if got := brokenLaws(t, all); !slices.Equal(got, undeclared) {
		t.Errorf("constructors present and declared missing: broken laws %v, want %v", got, undeclared)
	}
}

func TestHarness_WithoutNewBreaksEveryLaw(t *testing.T) {
	if got, want := len(brokenLaws(t, distributedtest.Harness{})), len(distributedtest.Laws()); got != want {
		t.Errorf("%d broken laws, want all %d", got, want)
	}
}

// brokenLaws checks all laws, each in its own bubble, and returns the names of
// those that fail.
func brokenLaws(t *testing.T, h distributedtest.Harness) (names []string) {
	t.Helper()
	for _, law := range distributedtest.Laws() {
		synctest.Test(t, func(t *testing.T) {
			err := distributedtest.Check(t, law, h)
			if err != nil && !errors.Is(err, distributedtest.ErrNotApplicable) {
				t.Logf("%s: %v", law.Name, err)
				names = append(names, law.Name)
			}
		})
	}
	return names
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/fusioncache-go/fusioncache/core/memorytest"
)

// mutant is a layer with one defect, which exactly one law must catch.
type mutant struct {
	law    string
	defect string
	breaks func(r *rig)
}

func mutants() []mutant {
	return slices.Concat(valueMutants(), extraMutants(), keyMutants(), boundMutants(), evictionMutants(), concurrentMutants(), abilityMutants())
}

func TestMutants_EachBreaksExactlyItsLaw(t *testing.T) {
	for _, m := range slices.Concat(mutants(), byteMutants()) {
		t.Run(m.law+"/"+m.defect, func(t *testing.T) {
			r := newRig(slices.ContainsFunc(byteMutants(), func(b mutant) bool { return b.law == m.law }))
			m.breaks(r)
			if got, want := brokenLaws(t, r.harness()), []string{m.law}; !slices.Equal(got, want) {
				t.Errorf("broken laws: got %v, want %v", got, want)
			}
		})
	}
}

func TestMutants_EveryLawHasOne(t *testing.T) {
	all := slices.Concat(mutants(), byteMutants())
	for _, law := range memorytest.Laws() {
		if !slices.ContainsFunc(all, func(m mutant) bool { return m.law == law.Name }) {
			t.Errorf("no mutant proves law %s", law.Name)
		}
	}
}

func TestReference_KeepsEveryLaw(t *testing.T) {
	for _, isBytes := range []bool{false, true} {
		if got := brokenLaws(t, newRig(isBytes).harness()); len(got) > 0 {
			t.Errorf("bytes %v: broken laws: %v", isBytes, got)
		}
	}
}

func TestRun_ReferenceInRealTime(t *testing.T) {
	h := newRig(true).harness()
	h.Bubble = false
	memorytest.Run(t, h)
}

func TestHarness_MissingPartsMustBeDeclaredAndDeclaredOnesMissing(t *testing.T) {
	all := newRig(false).harness()
	bare := all
	bare.Capacity, bare.Oversize = 0, nil
	undeclared := []string{"VisibleWhenFull", "Bound", "Oversize"}
	if got := brokenLaws(t, bare); !slices.Equal(got, undeclared) {
		t.Errorf("missing and not declared: broken laws %v, want %v", got, undeclared)
	}
	bare.Features.Unbounded, bare.Features.AnySize = true, true
	if got := brokenLaws(t, bare); len(got) > 0 {
		t.Errorf("missing and declared: broken laws %v, want none", got)
	}
	all.Features = bare.Features
	if got := brokenLaws(t, all); !slices.Equal(got, undeclared) {
		t.Errorf("present and declared missing: broken laws %v, want %v", got, undeclared)
	}
}

func TestHarness_DeclaredAbilitiesMustExist(t *testing.T) {
	r := newRig(true)
	r.wrap = hideAbilities
	want := []string{"Abilities", "Clear", "Len", "Evictions", "EvictionsEnd", "AppendEntry", "AppendEntryOwned", "AppendEntryKeepsNoKey"}
	if got := brokenLaws(t, r.harness()); !slices.Equal(got, want) {
		t.Errorf("broken laws %v, want %v", got, want)
	}
}

func TestHarness_WithoutNewBreaksEveryLaw(t *testing.T) {
	if got, want := len(brokenLaws(t, memorytest.Harness{})), len(memorytest.Laws()); got != want {
		t.Errorf("%d broken laws, want all %d", got, want)
	}
}

// brokenLaws checks all laws, each in its own bubble, and returns the names of
// those that fail.
func brokenLaws(t *testing.T, h memorytest.Harness) (names []string) {
	t.Helper()
	for _, law := range memorytest.Laws() {
		synctest.Test(t, func(t *testing.T) {
			err := memorytest.Check(t, law, h)
			if err != nil && !errors.Is(err, memorytest.ErrNotApplicable) {
				t.Logf("%s: %.300s", law.Name, err)
				names = append(names, law.Name)
			}
		})
	}
	return names
}

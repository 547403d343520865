// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// A part that a view skips is gone by a call that says so, and by that one alone.
func TestWith_TakesBackWhatAViewSkips(t *testing.T) {
	s := newServer(t)
	stack := open[int](t, hybrid.Options{Distributed: s}).Stack()
	local := hybrid.Must(hybrid.Of[int](stack, "v", core.Without(core.SkipDistributed)))
	set(t, local, 1)
	expectMiss(t, local, core.Without(core.SkipMemoryRead), core.With(core.SkipDistributedRead))
	set(t, local, 2, core.With(core.SkipDistributedWrite))
	expectHit(t, local, 2, core.Without(core.SkipMemoryRead), core.With(core.SkipDistributedRead))
	expectMiss(t, local, core.Without(core.SkipMemoryRead))

	blind := hybrid.Must(hybrid.Of[int](stack, "v", core.Without(core.SkipMemoryRead|core.SkipDistributedRead)))
	expectMiss(t, blind)
	expectHit(t, blind, 2, core.With(core.SkipMemoryRead))
	if found, err := blind.GetMany(t.Context(), []string{"k"}, core.With(core.SkipMemoryRead)); found["k"] != 2 || err != nil {
		t.Errorf("GetMany: %v, %v", found, err)
	}
}

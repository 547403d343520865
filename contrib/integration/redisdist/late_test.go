// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist_test

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
)

// A server that stands still finds, when it goes on, what was sent to it meanwhile,
// also by clients that have given up and are gone.
func TestArbitrate_IsNotCarriedOutWhenItWasGivenUp(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	l := open(t, s.URL(), nil)
	mustArbitrate(t, l, "k", forced("old"))
	s.Stop(t)
	if r, err := l.Arbitrate(within(t, 200*time.Millisecond), "k", forced("new")); err == nil {
		t.Fatalf("a server that stands still has answered: %+v", r)
	}
	before := time.Now()
	redistest.Eventually(t, patience, "100 ms", func() bool { return time.Since(before) > 100*time.Millisecond })
	s.Resume(t)
	redistest.Eventually(t, patience, "the late write", func() bool { return s.CommandStats(t)["evalsha"] == 2 })
	if data, _, err := l.Get(t.Context(), "k"); err != nil || string(data[core.HeaderSize:]) != "old" {
		t.Errorf("%q, %v, want the old value", data, err)
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestRecheck_PrefersAWriteToTheFailureItOvertook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open[int](t, hybrid.Options{})
		f := &F[int]{delay: time.Second, results: []func() (int, error){fails[int](errBoom)}}
		time.AfterFunc(500*time.Millisecond, func() { set(t, c, 2) })
		expectAsk(t, c, f, 2, 1)
		_, _ = c.Remove(t.Context(), "k")
		expectFailure(t, c, f, errBoom)
		time.AfterFunc(500*time.Millisecond, func() { set(t, c, 3) })
		expectFailure(t, c, f, errBoom, core.Without(core.SkipMemoryRead))
	})
}

// A window that somebody else's impatience has opened meanwhile is no answer to
// a caller whose failure must not be masked.
func TestRecheck_ServesNothingStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := expired(t, core.EntryOptions{})
		f := &F[int]{delay: 3 * time.Second, results: []func() (int, error){fails[int](core.NoFailSafe(errBoom))}}
		var patient sync.WaitGroup
		patient.Go(func() { expectFailure(t, c, f, errBoom) })
		synctest.Wait()
		expectAsk(t, c, f, 1, 1, core.SoftTimeout(time.Second))
		patient.Wait()
	})
}

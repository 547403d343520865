// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// The other nodes will have the write; this one must not go on with something else
// that nobody compares with it.
func TestFill_ThatOnlyMemoryKeepsGivesWayToAWriteThatLandsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, true)
		n.server.delay = 500 * time.Millisecond
		var write sync.WaitGroup
		write.Go(func() { _, _ = n.set(t, 1) })
		time.Sleep(100 * time.Millisecond)
		n.load(t, 2, n.loads.begin("k"), nil, core.Without(core.SkipDistributed))
		n.holds(t, 2, core.Fresh)
		write.Wait()
		n.stored(t, "1")
		n.holds(t, 2, core.Stale)
	})
}

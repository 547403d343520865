// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// Who joins a load is given no more than who began it: nothing that was removed.
func TestStale_IsNoneForWhoJoinsALoadAfterARemovalThatWasHeardOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodesWith(t, 2, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, Tags: []string{"red"}})
		expectAsk(t, n.caches[1], okThenFails(), 1, 1)
		time.Sleep(61 * time.Second)
		n.gates[1].shut.Store(true)
		_, _ = n.caches[0].Stack().RemoveByTag(t.Context(), "red")
		synctest.Wait()
		slow := &F[int]{delay: 5 * time.Second, results: []func() (int, error){fails[int](errBoom)}}
		go expectFailure(t, n.caches[1], slow, errBoom)
		time.Sleep(time.Second)
		expectFailure(t, n.caches[1], slow, errBoom)
		expectCalls(t, slow, 1)
		n.gates[1].shut.Store(false)
	})
}

// A server that has nothing is asked again if another node has said that the key has
// changed: it may only lag.
func TestWindow_AsksAgainForWhatIsSaidToHaveChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, f := windowed(t)
		_, _ = n.caches[0].Expire(t.Context(), "k")
		synctest.Wait()
		_ = n.server.Delete(t.Context(), hybrid.KeyPrefixes("app")[0]+"v:k")
		expectAsk(t, n.caches[1], f, 1, 3)
		looks := tally(n.caches[1], core.LayerMiss)
		for range 3 {
			expectAsk(t, n.caches[1], f, 1, 3)
		}
		expectCount(t, "looks at the server", looks, 3)
	})
}

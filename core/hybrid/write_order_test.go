// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// fromServer reads past memory.
const fromServer = core.SkipMemoryRead | core.SkipMemoryWrite

func TestWrites_OvertakenBetweenTheLevelsKeepTheOrderOfMemory(t *testing.T) {
	for _, background := range []bool{false, true} {
		t.Run(fmt.Sprintf("background %v", background), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := open[int](t, hybrid.Options{Distributed: newServer(t), Defaults: core.EntryOptions{BackgroundWrites: background}})
				var writes atomic.Int64
				c.Stack().Events().Listen("slow", core.Written, func(core.Event) {
					if writes.Add(1) == 1 {
						time.Sleep(time.Second) // after memory, before the server
					}
				})
				var wg sync.WaitGroup
				wg.Go(func() { set(t, c, 1) })
				time.Sleep(time.Millisecond)
				wg.Go(func() { set(t, c, 2) })
				wg.Wait()
				synctest.Wait()
				expectHit(t, c, 2)
				expectHit(t, c, 2, core.Without(fromServer))
			})
		})
	}
}

// Memory and the server agree when all is quiet, however writers race.
func TestWrites_RacingWritersLeaveTheLevelsEqual(t *testing.T) {
	server := newServer(t)
	c := open[int](t, hybrid.Options{Distributed: server})
	const keys = 20
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 1000 {
				key := fmt.Sprint(rand.IntN(keys))
				switch rand.IntN(4) {
				case 0:
					_, _ = c.Remove(t.Context(), key)
				default:
					_, _ = c.Set(t.Context(), key, i, core.BackgroundWrites(i%2 == 0))
				}
			}
		})
	}
	wg.Wait()
	for i := range keys {
		key := fmt.Sprint(i)
		if _, err := c.Set(t.Context(), key, i); err != nil { // waits for those before it
			t.Error(err)
		}
	}
	for i := range keys {
		key := fmt.Sprint(i)
		m, inMemory, _ := c.Get(t.Context(), key, core.Without(core.SkipDistributedRead))
		s, inServer, _ := c.Get(t.Context(), key, core.Without(fromServer))
		if m != s || inMemory != inServer {
			t.Errorf("key %s: memory has %d, %v, the server %d, %v", key, m, inMemory, s, inServer)
		}
	}
}

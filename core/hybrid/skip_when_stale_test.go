// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func whenStale() core.EntryOptions {
	o := safe()
	o.Skip = core.SkipDistributedReadWhenStale
	return o
}

func TestSkipDistributedReadWhenStale_OfManyKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newBatched()
		c := open[int](t, hybrid.Options{Distributed: server, Defaults: whenStale()})
		keys := strings.Fields("a bb ccc")
		_, _ = c.SetMany(t.Context(), lengths("a bb ccc"))
		time.Sleep(2 * time.Minute)
		got, err := c.GetMany(t.Context(), keys)
		expectMany(t, got, err, "")
		got, err = c.GetOrSetMany(t.Context(), keys, new(M).load)
		expectMany(t, got, err, "a bb ccc")
		expectCount(t, "reads", &server.manyGets, 0)
		got, err = c.GetMany(t.Context(), []string{"not", "here"})
		expectMany(t, got, err, "")
		expectCount(t, "reads of what memory does not have", &server.manyGets, 1)
	})
}

// Two nodes hold a stale copy, and one of them has made a new value: the other does not
// look, whatever way its own load takes.
func TestSkipDistributedReadWhenStale_OnEveryWayToALoad(t *testing.T) {
	for name, o := range map[string]core.EntryOptions{
		"under the lock of nodes": {TTL: time.Minute, StaleTTL: time.Hour, NodeLock: time.Second},
		"while revalidating":      {TTL: time.Minute, StaleWhileRevalidate: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, locks := newServer(t), newSpyLocker()
				o.Skip = core.SkipDistributedReadWhenStale
				node := func() *hybrid.Cache[int] {
					return open[int](t, hybrid.Options{Distributed: server, Locker: locks, Defaults: o})
				}
				a, b := node(), node()
				set(t, a, 1)
				expectHit(t, b, 1)
				time.Sleep(2 * time.Minute)
				set(t, a, 2)
				f := &F[int]{results: []func() (int, error){returns(3)}}
				_ = ask(t, b, f)
				synctest.Wait()
				expectHit(t, b, 3)
				expectCalls(t, f, 1)
			})
		})
	}
}

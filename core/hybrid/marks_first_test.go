// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// The first loads of a cache that nobody has used yet find no mark of the whole cache.
// Where the server does not decide about writes, they must not each make one: what was
// loaded under any but the last would be loaded again.
func TestMarks_FirstLoadsAtOnceLoadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.get.be(10 * time.Millisecond)
		c := open[int](t, hybrid.Options{Distributed: s.plain(), Defaults: core.EntryOptions{TTL: time.Hour}})
		var loads atomic.Int64
		load := func(context.Context, string) (int, error) { return int(loads.Add(1)), nil }
		const keys = 10
		for range 2 {
			crowd(keys, func(i int) {
				if _, err := c.GetOrSet(t.Context(), fmt.Sprint("k", i), load); err != nil {
					t.Error(err)
				}
			})
		}
		if n := loads.Load(); n != keys {
			t.Errorf("%d loads of %d keys", n, keys)
		}
	})
}

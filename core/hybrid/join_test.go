// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
)

// entryReads counts the reads of entries, but for those of marks.
type entryReads struct {
	core.DistributedLayer
	n atomic.Int64
}

func (l *entryReads) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if strings.Contains(key, ":1:e:") {
		l.n.Add(1)
	}
	return l.DistributedLayer.Get(ctx, key)
}

func newJoinStack(t *testing.T) (*Cache[int], *entryReads) {
	server := &entryReads{DistributedLayer: Must(localdist.New(nil))}
	s := Must(New(Options{
		Name: "join", Memory: orderMemory{new(sync.Map)}, Distributed: server, Serializer: orderJSON{},
		Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, Throttle: time.Minute},
	}))
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return Must(Of[int](s, "v")), server
}

// Callers that come while a load is under way, each a little later than the one
// before, join it without a look at the server.
func TestSeed_ST11_CallersWhoComeDuringALoadDoNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server := newJoinStack(t)
		var loads atomic.Int64
		slow := func(context.Context, string) (int, error) {
			loads.Add(1)
			time.Sleep(time.Second)
			return 1, nil
		}
		var callers sync.WaitGroup
		for range 1000 {
			callers.Go(func() {
				if v, err := c.GetOrSet(t.Context(), "k", slow); v != 1 || err != nil {
					t.Errorf("%d, %v", v, err)
				}
			})
			time.Sleep(time.Millisecond)
		}
		callers.Wait()
		if n := server.n.Load(); n != 1 || loads.Load() != 1 {
			t.Errorf("%d reads of the server and %d loads, want one of each", n, loads.Load())
		}
	})
}

// What the load has found on the server is the fallback of those who join it.
func TestJoin_AFailedLoadLeavesItsStaleValueToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server := newJoinStack(t)
		if _, err := c.Set(t.Context(), "k", 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		c.stack.local.Remove(c.prefix+"k", core.Version{})
		fails := func(context.Context, string) (int, error) {
			time.Sleep(time.Second)
			return 0, errors.New("no")
		}
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() {
				if v, err := c.GetOrSet(t.Context(), "k", fails); v != 1 || err != nil {
					t.Errorf("%d, %v, want the stale value", v, err)
				}
			})
			time.Sleep(10 * time.Millisecond)
		}
		callers.Wait()
		if n := server.n.Load(); n != 1 {
			t.Errorf("%d reads of the server, want 1", n)
		}
	})
}

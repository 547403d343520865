// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// apart is a server that notices two writes of one entry at the same time.
type apart struct {
	*batched
	mu    sync.Mutex
	busy  map[string]bool
	twice []string
}

func (s *apart) begin(keys ...string) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		if s.busy[key] && strings.Contains(key, ":1:e:") {
			s.twice = append(s.twice, key)
		}
		s.busy[key] = true
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, key := range keys {
			delete(s.busy, key)
		}
	}
}

func (s *apart) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	defer s.begin(key)()
	return s.batched.Arbitrate(ctx, key, w)
}

func (s *apart) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	var keys []string
	for _, w := range writes {
		keys = append(keys, w.Key)
	}
	defer s.begin(keys...)()
	return s.batched.ArbitrateMany(ctx, writes)
}

func TestReplays_NoneTakesTheTurnOfAWriteThatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &apart{batched: newBatched(), busy: map[string]bool{}}
		c := open[int](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{TTL: time.Hour}})
		server.down.Store(true)
		for i := range 100 {
			_, _ = c.Set(t.Context(), fmt.Sprint("k", i), 7)
		}
		server.down.Store(false)
		server.slow.be(300 * time.Millisecond)
		var writes sync.WaitGroup
		for i := range 30 { // some of them when the others are made good together
			time.Sleep(100 * time.Millisecond)
			writes.Go(func() { _, _ = c.Set(t.Context(), "k50", 10+i) })
		}
		writes.Wait()
		if server.manyWrites.Load() == 0 || len(server.twice) > 0 {
			t.Errorf("%d calls for many; written by two at a time: %q", server.manyWrites.Load(), server.twice)
		}
		server.slow.be(0)
		if v, _, err := c.Get(t.Context(), "k50"); v != 39 || err != nil {
			t.Errorf("got %d, %v, want the last write", v, err)
		}
	})
}

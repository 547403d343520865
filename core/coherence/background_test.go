// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// manyAtOnce is a server that takes many writes in one call, as slowly as one.
type manyAtOnce struct {
	*server
	calls, longest atomic.Int64
}

func (s *manyAtOnce) GetMany(context.Context, []string) ([]core.Got, error) { panic("not asked for") }

func (s *manyAtOnce) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	s.calls.Add(1)
	s.longest.Store(max(s.longest.Load(), int64(len(writes))))
	if err := s.pass(ctx); err != nil {
		return nil, err
	}
	out := make([]core.Ruled, len(writes))
	for i, w := range writes {
		out[i].Ruling, out[i].Err = s.store.Arbitrate(ctx, w.Key, w.Write)
	}
	return out, nil
}

// Two workers and a server that takes a second for each call: what waits goes along,
// each key's writes one after another.
func TestBackground_WritesThatWaitGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keys = 100
		n := newNode(t, true)
		layer := &manyAtOnce{server: n.server}
		n.server.delay = time.Second
		n.writer.Shared = coherence.NewShared(layer, coherence.Prefixes{Entries: "e:", Marks: "m:"}, n.clock, n.writer.Versions, coherence.SharedOptions{}, nil)
		n.writer.Order = coherence.NewOrder(coherence.BackgroundLimits{Workers: 2})
		o := options(core.BackgroundWrites(true), core.DistributedTimeouts(0, time.Minute))
		start := time.Now()
		for i := range keys {
			for v := range 2 {
				e := n.entry(v, core.Version{})
				if _, err := n.writer.Set(t.Context(), fmt.Sprint("k", i), e, codec, o); err != nil {
					t.Error(err)
				}
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the sets waited for %v", took)
		}
		if err := n.writer.Order.Close(t.Context()); err != nil {
			t.Error(err)
		}
		// One for each worker, then 98 and 2 in two calls at once, then 98 and 2 again.
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("200 writes took %v", took)
		}
		if n := layer.longest.Load(); n > 64 {
			t.Errorf("%d writes in one call", n)
		}
		for i := range keys {
			data, ok, err := n.server.store.Get(t.Context(), fmt.Sprint("e:k", i))
			if err != nil || !ok || data[len(data)-5] != '1' {
				t.Errorf("k%d: %q, %t, %v, want its second value", i, data, ok, err)
			}
		}
		if told := len(n.parts(t)); told != 2*keys {
			t.Errorf("the others were told of %d writes", told)
		}
		if n := n.writer.Order.Lines(); n != 0 {
			t.Errorf("%d lines are left", n)
		}
	})
}

// A call for many that fails leaves each of them to be made good.
func TestBackground_WritesThatFailTogetherAreAllOwed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keys = 50
		n := newNode(t, true)
		n.server.delay = time.Second
		n.server.broken.Store(true)
		n.writer.Shared = coherence.NewShared(&manyAtOnce{server: n.server}, coherence.Prefixes{Entries: "e:", Marks: "m:"}, n.clock, n.writer.Versions, coherence.SharedOptions{}, nil)
		n.writer.Order = coherence.NewOrder(coherence.BackgroundLimits{Workers: 1})
		n.writer.Recovery = coherence.NewRecovery(coherence.RecoveryOptions{}, n.clock, nil)
		o := options(core.BackgroundWrites(true), core.DistributedTimeouts(0, time.Minute))
		for i := range keys {
			_, _ = n.writer.Set(t.Context(), fmt.Sprint("k", i), n.entry(1, core.Version{}), codec, o)
		}
		_ = n.writer.Order.Close(t.Context())
		if owed, overflow := n.writer.Recovery.Len(); owed != keys || overflow {
			t.Errorf("%d writes are owed, %t, want %d", owed, overflow, keys)
		}
	})
}

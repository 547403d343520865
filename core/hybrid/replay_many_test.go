// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// counted is a backplane that counts what it is given.
type counted struct {
	core.Backplane
	down      atomic.Bool
	published atomic.Int64
}

func (b *counted) Publish(ctx context.Context, msg []byte) error {
	if b.down.Load() {
		return errServer
	}
	b.published.Add(1)
	return b.Backplane.Publish(ctx, msg)
}

// outage is a node whose server, or backplane, is away, and another that does not know.
type outage[V any] struct {
	server *batched
	bus    *counted
	a, b   *hybrid.Cache[V]
}

func inOutage[V any](t *testing.T, test func(t *testing.T, o *outage[V])) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		bus := hybrid.Must(localbus.NewBus(nil))
		o := &outage[V]{server: newBatched(), bus: &counted{Backplane: bus.Channel(hybrid.Channel("app"))}}
		defaults := core.EntryOptions{TTL: time.Hour}
		o.a = open[V](t, hybrid.Options{Distributed: o.server, Backplane: o.bus, Defaults: defaults})
		o.b = open[V](t, hybrid.Options{Distributed: o.server, Backplane: bus.Channel(hybrid.Channel("app")), Defaults: defaults})
		synctest.Wait()
		test(t, o)
	})
}

// write has a write n keys; the server is away.
func (o *outage[V]) write(t *testing.T, n int, v V, opts ...core.Option) {
	t.Helper()
	o.server.down.Store(true)
	for i := range n {
		if outcome, err := o.a.Set(t.Context(), fmt.Sprint("k", i), v, opts...); outcome != core.LocalOnly || err != nil {
			t.Fatalf("got %v, %v without the server", outcome, err)
		}
	}
	o.server.down.Store(false)
	o.server.writes.Store(0)
	o.bus.published.Store(0)
}

func TestReliability5_G9_WhatIsOwedGoesToTheServerInFewCalls(t *testing.T) {
	inOutage(t, func(t *testing.T, o *outage[int]) {
		const owed = 1001
		o.write(t, owed, 7)
		time.Sleep(10 * time.Second)
		if single, many := o.server.writes.Load(), o.server.manyWrites.Load(); single > 5 || many != 5 {
			t.Errorf("%d calls for one write and %d for many, want 5 for 200 each", single, many)
		}
		if n := o.bus.published.Load(); n > 30 { // heartbeats, too
			t.Errorf("%d messages", n)
		}
		for i := range owed {
			if v, _, err := o.b.Get(t.Context(), fmt.Sprint("k", i)); v != 7 || err != nil {
				t.Fatalf("k%d is %d, %v on the other node", i, v, err)
			}
		}
	})
}

func TestReliability5_G9_WhatTheNodesWereNotToldGoesInFewMessages(t *testing.T) {
	inOutage(t, func(t *testing.T, o *outage[int]) {
		const owed = 1001
		for i := range owed {
			_, _ = o.b.Set(t.Context(), fmt.Sprint("k", i), 1)
		}
		synctest.Wait()
		o.bus.down.Store(true)
		for i := range owed {
			_, _ = o.a.Set(t.Context(), fmt.Sprint("k", i), 7)
		}
		o.bus.down.Store(false)
		o.bus.published.Store(0)
		time.Sleep(10 * time.Second)
		if n := o.bus.published.Load(); n > 30 {
			t.Errorf("%d messages", n)
		}
		for i := range owed {
			if v, _, err := o.b.Get(t.Context(), fmt.Sprint("k", i)); v != 7 || err != nil {
				t.Fatalf("k%d is %d, %v on the other node", i, v, err)
			}
		}
	})
}

// A call that takes longer than its limit would never succeed.
func TestReplays_OneCallCarriesNoMoreThanItCan(t *testing.T) {
	inOutage(t, func(t *testing.T, o *outage[string]) {
		o.write(t, 10, strings.Repeat("x", 100<<10))
		time.Sleep(10 * time.Second)
		if many := o.server.manyWrites.Load(); many != 3 {
			t.Errorf("nine values of 100 KiB went in %d calls, want 3", many)
		}
		if x, err := o.a.Explain(t.Context(), "k9"); err != nil || x.Node.Debts != 0 {
			t.Errorf("%d are still owed, %v", x.Node.Debts, err)
		}
	})
}

func TestReplays_OneThatFailsIsTriedAgainAndTheOthersAreMade(t *testing.T) {
	inOutage(t, func(t *testing.T, o *outage[int]) {
		bad := "k50"
		o.server.broken.Store(&bad)
		o.write(t, 100, 7)
		time.Sleep(5 * time.Second)
		if x, err := o.a.Explain(t.Context(), "k1"); err != nil || x.Node.Debts != 1 {
			t.Errorf("%d are owed, want the one that fails", x.Node.Debts)
		}
		o.server.broken.Store(nil)
		time.Sleep(10 * time.Second)
		if v, _, err := o.b.Get(t.Context(), bad); v != 7 || err != nil {
			t.Errorf("got %d, %v", v, err)
		}
	})
}

// A write of a key whose debt is just being made good comes after that, and wins.
func TestReplays_AWriteMeanwhileWins(t *testing.T) {
	inOutage(t, func(t *testing.T, o *outage[int]) {
		o.write(t, 100, 7)
		o.server.slow.be(300 * time.Millisecond)
		time.Sleep(1200 * time.Millisecond) // a mark was read, the first replayed, the others are under way
		if n := o.server.manyWrites.Load(); n != 1 {
			t.Fatalf("%d calls for many are under way, want one", n)
		}
		outcome, err := o.a.Set(t.Context(), "k50", 8)
		expectOutcome(t, outcome, err, core.Committed)
		o.server.slow.be(0)
		time.Sleep(10 * time.Second)
		for _, c := range []*hybrid.Cache[int]{o.a, o.b} {
			if v, _, err := c.Get(t.Context(), "k50"); v != 8 || err != nil {
				t.Errorf("got %d, %v, want the later write", v, err)
			}
		}
	})
}

// deafMarks is a server that answers no question about the marks of tags.
type deafMarks struct {
	*batched
	deaf atomic.Bool
}

func (m *deafMarks) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if m.deaf.Load() && strings.Contains(key, ":1:m:tag") {
		<-ctx.Done()
		return nil, false, ctx.Err()
	}
	return m.batched.Get(ctx, key)
}

// One that cannot be made ready, since the server does not tell its marks, ends the call:
// those that are ready have the turns of their keys, for which others wait.
func TestReplays_OneThatCannotBeMadeReadyHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &deafMarks{batched: newBatched()}
		c := open[int](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{TTL: time.Hour}})
		server.down.Store(true)
		for i := range 50 {
			var opts []core.Option
			if i > 1 {
				opts = append(opts, core.Tags(fmt.Sprint("tag", i)))
			}
			_, _ = c.Set(t.Context(), fmt.Sprint("k", i), 7, opts...)
		}
		server.down.Store(false)
		server.deaf.Store(true)
		time.Sleep(time.Second) // the first is made good, the second waits for the third
		start := time.Now()
		_, err := c.Set(t.Context(), "k1", 8)
		if d := time.Since(start); d > 2*time.Second || err != nil {
			t.Errorf("a write had to wait for %v, %v", d, err)
		}
		server.deaf.Store(false)
		time.Sleep(time.Minute)
	})
}

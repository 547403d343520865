// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package quickstart_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/contrib/quickstart"
	"github.com/fusioncache-go/fusioncache/core"
)

// pair is two nodes on one Redis, each with a network of its own that can break.
type pair struct {
	server *redistest.Server
	a, b   *node
	toA    *netfault.Proxy
	toB    *netfault.Proxy
}

func startPair(t *testing.T, o core.EntryOptions) *pair {
	s := redistest.Start(t, nil)
	p := &pair{server: s, toA: proxied(t, s.Addr()), toB: proxied(t, s.Addr())}
	p.a = start(t, onRedis, p.toA.Addr(), quickstart.Options{Defaults: o, RequireDistributed: true})
	p.b = start(t, onRedis, p.toB.Addr(), quickstart.Options{Defaults: o, RequireDistributed: true})
	p.a.joined(t, 5*time.Second)
	p.b.joined(t, 5*time.Second)
	return p
}

// Background writes and a life of 300 s in Redis; then the connections fail, one
// after the other, and the service goes on.
func TestSeed_EX2_DistributedWithBackgroundWrites(t *testing.T) {
	p := startPair(t, core.EntryOptions{TTL: 5 * time.Minute, BackgroundWrites: true})

	if got := p.a.mustSet(t, "k", 1); got != core.LocalOnly {
		t.Errorf("a background write says %v", got)
	}
	p.b.wantSoon(t, 3*time.Second, "k", 1)
	p.spreads(t, 100*time.Millisecond)
	p.wantLife(t, 299*time.Second, 300*time.Second)

	t.Run("without Redis", p.worksAlone)
	t.Run("after a cut", p.reconnects)
	t.Run("after missed messages", p.catchesUp)
	t.Run("after unheard writes", p.makesUp)
}

// spreads has A write 2, and B see it within that time; a busy machine has three tries.
func (p *pair) spreads(t *testing.T, within time.Duration) {
	var took time.Duration
	for range 3 {
		p.a.mustSet(t, "k", 1)
		p.b.wantSoon(t, 3*time.Second, "k", 1)
		begin := time.Now()
		p.a.mustSet(t, "k", 2)
		p.b.wantSoon(t, 3*time.Second, "k", 2)
		if took = time.Since(begin); took <= within {
			return
		}
	}
	t.Errorf("B saw a write after %v, want %v", took, within)
}

// wantLife looks at what Redis itself says of the only entry.
func (p *pair) wantLife(t *testing.T, above, atMost time.Duration) {
	t.Helper()
	keys, err := p.server.Client().Keys(t.Context(), "shop:1:e:*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys %q, %v", keys, err)
	}
	if left := p.server.Client().PTTL(t.Context(), keys[0]).Val(); left <= above || left > atMost {
		t.Errorf("%q lives for %v more, want (%v, %v]", keys[0], left, above, atMost)
	}
}

func (p *pair) worksAlone(t *testing.T) {
	cutOff(p.toA)
	defer p.toA.Restore()
	before := p.a.loads.Load()
	for i := range 200 {
		if v, err := p.a.GetOrSet(t.Context(), fmt.Sprint("new", i), p.a.loading(i)); v != i || err != nil {
			t.Fatalf("load %d: %d, %v", i, v, err)
		}
	}
	if n := p.a.loads.Load() - before; n != 200 {
		t.Errorf("%d loads, want 200", n)
	}
	if p.a.mustSet(t, "own", 7); !p.a.has(t, "own", 7) {
		t.Error("the node does not read its own write")
	}
	if !p.a.has(t, "k", 2) {
		t.Error("what was in memory is gone")
	}
}

func (p *pair) reconnects(t *testing.T) {
	p.toA.Cut()
	p.toB.Cut()
	redistest.Eventually(t, 5*time.Second, "both subscriptions", func() bool {
		channels, _ := p.server.Client().PubSubChannels(t.Context(), "shop:*").Result()
		if len(channels) != 1 {
			return false
		}
		return p.server.Client().PubSubNumSub(t.Context(), channels[0]).Val()[channels[0]] == 2
	})
	redistest.Eventually(t, 5*time.Second, "both nodes to be well", func() bool { return p.a.healthy(t) && p.b.healthy(t) })
	p.a.mustSet(t, "k", 3)
	p.b.wantSoon(t, 5*time.Second, "k", 3)
}

func (p *pair) catchesUp(t *testing.T) {
	p.a.mustSet(t, "gone", 1)
	p.b.wantSoon(t, 3*time.Second, "gone", 1)
	cutOff(p.toB)
	p.a.mustSet(t, "k", 4)
	if _, err := p.a.Remove(t.Context(), "gone"); err != nil {
		t.Error(err)
	}
	redistest.Eventually(t, 5*time.Second, "Redis to forget", func() bool {
		_, ok, err := p.a.Get(t.Context(), "gone", core.Without(core.SkipMemory))
		return !ok && err == nil
	})
	p.toB.Restore()
	p.b.wantSoon(t, 5*time.Second, "k", 4)
	redistest.Eventually(t, 5*time.Second, "the removal to arrive", func() bool {
		_, ok, err := p.b.Get(t.Context(), "gone")
		return !ok && err == nil
	})
}

func (p *pair) makesUp(t *testing.T) {
	cutOff(p.toA)
	if got := p.a.mustSet(t, "k", 5, core.BackgroundWrites(false)); got != core.LocalOnly {
		t.Errorf("a write without Redis says %v", got)
	}
	p.toA.Restore()
	p.b.wantSoon(t, 10*time.Second, "k", 5)
	if !p.a.has(t, "k", 5) {
		t.Error("the writer has lost its own write")
	}
}

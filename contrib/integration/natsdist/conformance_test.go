// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/contrib/integration/netfault"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/distributedtest"
)

const largePayload = 8 << 20

func TestConformance_Single(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, &natstest.Options{MaxPayload: largePayload})
	conformance(t, s, s.URL(), nil)
}

func TestConformance_Memory(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, &natstest.Options{MaxPayload: largePayload})
	conformance(t, s, s.URL(), &natsdist.Options{Storage: jetstream.MemoryStorage})
}

// A cluster whose replicas answer reads may be a moment late, which the suite
// does not allow.
func TestConformance_Cluster(t *testing.T) {
	t.Parallel()
	c := natstest.StartCluster(t, &natstest.Options{MaxPayload: largePayload})
	conformance(t, c.Servers[0], c.URL(), &natsdist.Options{Replicas: 3, StrictReads: true, MaxBytes: 64 << 20})
}

func BenchmarkSingle(b *testing.B) {
	s := natstest.Start(b, nil)
	distributedtest.Bench(b, distributedtest.Harness{
		New: func(tb testing.TB) core.DistributedLayer { return open(tb, s.URL(), nil) },
	})
}

func conformance(t *testing.T, s *natstest.Server, url string, opts *natsdist.Options) {
	t.Helper()
	distributedtest.Run(t, distributedtest.Harness{
		New: func(tb testing.TB) core.DistributedLayer { return open(tb, url, opts) },
		NewClosed: func(tb testing.TB) core.DistributedLayer {
			l := open(tb, url, opts)
			mustSet(tb, l, "before", rand.Text())
			_ = l.Close()
			return l
		},
		NewDown: func(tb testing.TB) core.DistributedLayer {
			return broken(tb, s, opts, func(p *netfault.Proxy) {
				p.Refuse()
				p.Cut()
			})
		},
		NewStalled: func(tb testing.TB) core.DistributedLayer {
			return broken(tb, s, opts, (*netfault.Proxy).Hang)
		},
		TTLGranularity: time.Second,
		MaxValue:       largePayload / 2,
		Features:       distributedtest.Features{Ping: true, Arbiter: true, Batch: true, BatchHeaders: true},
	})
}

// broken returns a layer that has worked before the fault.
func broken(tb testing.TB, s *natstest.Server, opts *natsdist.Options, fault func(*netfault.Proxy)) core.DistributedLayer {
	tb.Helper()
	l, proxy := openThrough(tb, s, opts)
	mustSet(tb, l, "before", rand.Text())
	fault(proxy)
	return l
}

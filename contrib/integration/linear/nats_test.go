// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package linear_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/contrib/integration/natstest"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// openNATS returns a layer on a new bucket of the server at addr.
func openNATS(tb testing.TB, addr string, o *natsdist.Options) world {
	tb.Helper()
	quick := append(natsdist.ConnOptions(), nats.CustomReconnectDelay(func(int) time.Duration { return 5 * time.Millisecond }))
	nc, err := nats.Connect("nats://"+addr, quick...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(nc.Close)
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	defer cancel()
	layer, err := natsdist.New(ctx, hybrid.Must(jetstream.New(nc)), "linear", o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = layer.Close() })
	return world{layer: layer, heal: func() {
		natstest.WaitFor(tb, time.Minute, "a connection", nc.IsConnected)
	}}
}

func TestLinear_NATS(t *testing.T) {
	s := natstest.Start(t, nil)
	p := proxied(t, s.Addr())
	w := openNATS(t, p.Addr(), &natsdist.Options{Storage: jetstream.MemoryStorage})
	w.cut = p.Cut
	checkAll(t, w, share(t, 8))
}

// Only the leader of three replicas answers reads at once with what it has
// acknowledged.
func TestLinear_NATSWithThreeReplicas(t *testing.T) {
	c := natstest.StartCluster(t, nil)
	w := openNATS(t, c.Servers[0].Addr(), &natsdist.Options{
		Storage: jetstream.MemoryStorage, MaxBytes: 32 << 20, Replicas: 3, StrictReads: true,
	})
	checkAll(t, w, share(t, 3))
}

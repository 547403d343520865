// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package bubble_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/backplanes/natsstream"
	"github.com/fusioncache-go/fusioncache/contrib/integration/traffic"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// natsWorld is nodes on the embedded server, which listens nowhere.
type natsWorld struct {
	tb     testing.TB
	dir    string
	stream bool // whether messages go through a stream

	mu      sync.Mutex
	running *natsserver.Server // nil while down
}

func newNATSWorld(tb testing.TB, stream bool) *natsWorld {
	w := &natsWorld{tb: tb, dir: tb.TempDir(), stream: stream}
	w.start()
	return w
}

func (w *natsWorld) start() {
	s, err := natsserver.NewServer(&natsserver.Options{
		DontListen: true, NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: w.dir, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 64 << 20,
	})
	if err != nil {
		w.tb.Error(err)
		return
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		w.tb.Error("the server is not ready")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = s
}

// kill ends the server; its bucket is in memory.
func (w *natsWorld) kill() {
	w.mu.Lock()
	s := w.running
	w.running = nil
	w.mu.Unlock()
	if s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
}

func (w *natsWorld) accept() (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running == nil {
		return nil, errRefused
	}
	return w.running.InProcessConn()
}

const bucket = "bubble"

func (w *natsWorld) connect(ctx context.Context, shared bool, data, bus *network) (p traffic.Parts, err error) {
	first, err := connected(data)
	if err != nil {
		return p, err
	}
	second := first
	if !shared {
		if second, err = connected(bus); err != nil {
			return p, err
		}
	}
	js, err := jetstream.New(first)
	if err != nil {
		return p, err
	}
	layer, err := natsdist.New(ctx, js, bucket, &natsdist.Options{Storage: jetstream.MemoryStorage, MaxBytes: 16 << 20})
	if err != nil {
		return p, err
	}
	p.Layer = layer
	p.Close = func() {
		first.Close()
		second.Close()
		_ = layer.Close()
	}
	p.Bus, err = w.bus(second)
	return p, err
}

func (w *natsWorld) bus(nc *nats.Conn) (core.Backplane, error) {
	if !w.stream {
		return natsbus.New(nc, hybrid.Channel(traffic.App), nil)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	return natsstream.New(js, hybrid.Channel(traffic.App), nil)
}

func connected(n *network) (*nats.Conn, error) {
	return nats.Connect("", append(natsdist.ConnOptions(), nats.InProcessServer(n))...)
}

func (w *natsWorld) faults(r *traffic.Run) []traffic.Fault {
	return []traffic.Fault{
		{Name: "server: shut down", Begin: func() { w.kill(); r.Lose(r.Now()) }, End: w.start},
		{Name: "server: purged", Begin: func() { w.purge(w.tb.Context()); r.Lose(r.Now()) }},
	}
}

// purge drops all data.
func (w *natsWorld) purge(ctx context.Context) {
	nc, err := nats.Connect("", nats.InProcessServer(w))
	if err != nil {
		w.tb.Error(err)
		return
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		w.tb.Error(err)
		return
	}
	s, err := js.Stream(ctx, "KV_"+bucket)
	if err == nil {
		err = s.Purge(ctx)
	}
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		w.tb.Error(err)
	}
}

// InProcessConn makes the world a server for nats.go, with nothing in between.
func (w *natsWorld) InProcessConn() (net.Conn, error) { return w.accept() }

func (w *natsWorld) close() { w.kill() }

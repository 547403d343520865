// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/adapters/natslock"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// natsLink is a node's connection to NATS.
type natsLink struct {
	conn  *nats.Conn
	layer *natsdist.Layer  // nil without an L2
	locks *natslock.Locker // the same
}

func connectNATS(url string) (*natsLink, error) {
	conn, err := nats.Connect(url, natsdist.ConnOptions()...)
	if err != nil {
		return nil, err
	}
	return &natsLink{conn: conn}, nil
}

func (l *natsLink) distributed(ctx context.Context, name string) (core.DistributedLayer, error) {
	js, err := jetstream.New(l.conn)
	if err != nil {
		return nil, err
	}
	l.layer, err = natsdist.New(ctx, js, name, &natsdist.Options{MaxBytes: 64 << 20})
	return l.layer, err
}

func (l *natsLink) backplane(name string) (core.Backplane, error) {
	return natsbus.New(l.conn, hybrid.Channel(name), nil)
}

func (l *natsLink) locker(name string) (core.Locker, error) {
	js, err := jetstream.New(l.conn)
	if err != nil {
		return nil, err
	}
	l.locks, err = natslock.New(js, name+"-locks", nil)
	return l.locks, err
}

func (l *natsLink) close() error {
	var errs []error
	if l.locks != nil {
		errs = append(errs, l.locks.Close())
	}
	if l.layer != nil {
		errs = append(errs, l.layer.Close())
	}
	l.conn.Close()
	return errors.Join(errs...)
}

// natsProcess is a NATS server with JetStream, within this process but reached
// over TCP, like any other.
type natsProcess struct {
	dir     string // what it stores survives a restart
	port    int
	running *natsserver.Server // nil while stopped
}

func startNATS() (server, error) {
	dir, err := os.MkdirTemp("", "fusioncache-demo-nats-")
	if err != nil {
		return nil, err
	}
	n := &natsProcess{dir: dir, port: natsserver.RANDOM_PORT}
	if err := n.start(context.Background()); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

func (n *natsProcess) start(context.Context) error {
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: n.port, StoreDir: n.dir,
		JetStream: true, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 256 << 20,
		NoLog: true, NoSigs: true,
	})
	if err != nil {
		return fmt.Errorf("start NATS: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return errors.New("start NATS: it does not accept connections")
	}
	n.running = s
	if addr, ok := s.Addr().(*net.TCPAddr); ok {
		n.port = addr.Port
	}
	return nil
}

func (n *natsProcess) stop(context.Context) error {
	if n.running != nil {
		n.running.Shutdown()
		n.running.WaitForShutdown()
		n.running = nil
	}
	return nil
}

func (n *natsProcess) connect(context.Context) (link, error) {
	return connectNATS(fmt.Sprintf("nats://127.0.0.1:%d", n.port))
}

func (n *natsProcess) close() error {
	return errors.Join(n.stop(context.Background()), os.RemoveAll(n.dir))
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natstest

import (
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	host      = "127.0.0.1"
	readyTime = 10 * time.Second
	megabyte  = 1 << 20
)

// Options describe a server. The zero value is a server with JetStream that
// asks nobody for a password.
type Options struct {
	// User and Password are asked of every client. Default: none.
	User, Password string

	// Token is asked of every client, instead of a user. Default: none.
	Token string

	// MaxPayload is the size in bytes of the largest message. Default: 1 MiB.
	MaxPayload int32

	// Configure changes whatever else there is, before the first start.
	Configure func(o *server.Options)
}

// Server is one running server. Its methods fail the test that it was made for.
type Server struct {
	tb testing.TB

	mu      sync.Mutex
	config  server.Options // with the ports that the first start has found
	running *server.Server // nil while shut down
}

// Start starts a server and shuts it down when the test ends. opts may be nil.
func Start(tb testing.TB, opts *Options) *Server {
	tb.Helper()
	s := &Server{tb: tb, config: configure(tb, opts)}
	s.start()
	tb.Cleanup(s.Shutdown)
	return s
}

func configure(tb testing.TB, opts *Options) server.Options {
	if opts == nil {
		opts = &Options{}
	}
	config := server.Options{
		Host:               host,
		Port:               server.RANDOM_PORT,
		NoLog:              true,
		NoSigs:             true,
		Username:           opts.User,
		Password:           opts.Password,
		Authorization:      opts.Token,
		MaxPayload:         opts.MaxPayload,
		JetStream:          true,
		StoreDir:           tb.TempDir(),
		JetStreamMaxMemory: 512 * megabyte,
		JetStreamMaxStore:  512 * megabyte,
	}
	if opts.Configure != nil {
		opts.Configure(&config)
	}
	return config
}

// start starts the server and waits until clients can connect.
func (s *Server) start() {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return
	}
	// The server writes into its options, so each start gets a copy.
	running, err := server.NewServer(s.config.Clone())
	if err != nil {
		s.tb.Fatalf("natstest: %v", err)
	}
	running.Start()
	if !running.ReadyForConnections(readyTime) {
		running.Shutdown()
		s.tb.Fatalf("natstest: server not ready after %v", readyTime)
	}
	s.running = running
	s.config.Port = port(running.Addr())
}

func port(addr net.Addr) int {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.Port
	}
	return server.RANDOM_PORT
}

// Shutdown stops the server and waits until it is gone. Its clients see their
// connections close. A server that is shut down already is left alone.
func (s *Server) Shutdown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return
	}
	s.running.Shutdown()
	s.running.WaitForShutdown()
	s.running = nil
}

// Restart shuts the server down, if it runs, and starts it again with the same
// port and the same store.
func (s *Server) Restart() {
	s.tb.Helper()
	s.Shutdown()
	s.start()
}

// Addr returns the host:port on which clients connect. It is the same for all
// starts of the server.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return net.JoinHostPort(host, strconv.Itoa(s.config.Port))
}

// URL returns the URL with which clients connect, with the user and password or
// the token of the options in it.
func (s *Server) URL() string { return s.URLTo(s.Addr()) }

// URLTo returns the URL of the server with another address in it, such as that
// of a proxy.
func (s *Server) URLTo(addr string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := url.URL{Scheme: "nats", Host: addr}
	switch {
	case s.config.Username != "":
		u.User = url.UserPassword(s.config.Username, s.config.Password)
	case s.config.Authorization != "":
		u.User = url.User(s.config.Authorization)
	}
	return u.String()
}

// Running returns the server itself, or nil while it is shut down.
func (s *Server) Running() *server.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

// Connect returns a connection over TCP that is closed when the test ends.
func (s *Server) Connect(tb testing.TB, opts ...nats.Option) *nats.Conn {
	tb.Helper()
	return Connect(tb, s.URL(), opts...)
}

// ConnectInProcess returns a connection without a socket in between, closed
// when the test ends.
func (s *Server) ConnectInProcess(tb testing.TB, opts ...nats.Option) *nats.Conn {
	tb.Helper()
	return Connect(tb, s.URLTo("in-process"), append(opts, nats.InProcessServer(s.Running()))...)
}

// Connect returns a connection to url that is closed when the test ends.
func Connect(tb testing.TB, url string, opts ...nats.Option) *nats.Conn {
	tb.Helper()
	nc, err := nats.Connect(url, opts...)
	if err != nil {
		tb.Fatalf("natstest: connect: %v", err)
	}
	tb.Cleanup(nc.Close)
	return nc
}

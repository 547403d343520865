// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package redistest starts private Redis servers for tests: one server, also
// with users or TLS, a cluster, or a master with a replica and a sentinel. They
// listen on the loopback interface only, keep nothing on disk, and end with the
// test.
//
// Where there is no redis-server on the PATH the test is skipped, or fails if
// the environment has FUSIONCACHE_REQUIRE_SERVERS=1.
package redistest

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Options of a server. The zero value is a server without authentication.
type Options struct {
	// Password of the default user, who may do everything. Empty: none.
	Password string
	// Users are further users in the syntax of an ACL file without the leading
	// "user", for example "app on >secret ~app:* +get".
	Users []string
	// TLS makes the server speak TLS only, with a certificate for 127.0.0.1 and
	// localhost.
	TLS bool
	// Socket makes the server listen on a unix socket too.
	Socket bool
	// Config is appended to the command line, for example "--maxmemory", "2mb".
	Config []string
}

// Server is one redis-server process. Its methods fail the given test when they
// cannot do what they say. Signals and restarts must not run at the same time.
type Server struct {
	opts   Options
	proc   *process
	tls    *tls.Config
	client *redis.Client
}

// Start starts a server that lives until the end of the test.
func Start(tb testing.TB, opts *Options) *Server {
	tb.Helper()
	s := &Server{proc: newProcess(tb)}
	if opts != nil {
		s.opts = *opts
	}
	args := s.args(tb)
	s.proc.launch(tb, func(port int) []string { return append(s.listen(port), args...) }, s.ready)
	s.client = s.dial(s.Addr())
	tb.Cleanup(func() { _ = s.client.Close() })
	return s
}

// args returns the part of the command line that does not depend on the port.
func (s *Server) args(tb testing.TB) []string {
	tb.Helper()
	args := []string{"--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.proc.dir}
	if s.opts.Password != "" {
		args = append(args, "--requirepass", s.opts.Password)
	}
	for _, user := range s.opts.Users {
		args = append(append(args, "--user"), strings.Fields(user)...)
	}
	if s.opts.Socket {
		args = append(args, "--unixsocket", s.Socket())
	}
	if s.opts.TLS {
		files, config := newCertificate(tb, s.proc.dir)
		s.tls = config
		args = append(args, files...)
	}
	return append(args, s.opts.Config...)
}

func (s *Server) listen(port int) []string {
	if s.opts.TLS {
		return []string{"--port", "0", "--tls-port", strconv.Itoa(port)}
	}
	return []string{"--port", strconv.Itoa(port)}
}

// ready reports whether it is our process that answers on port.
func (s *Server) ready(port, pid int) bool {
	c := s.dial(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	defer func() { _ = c.Close() }()
	info, err := c.Info(context.Background(), "server").Result()
	return err == nil && field(info, "process_id") == strconv.Itoa(pid)
}

// dial returns an impatient client of the default user.
func (s *Server) dial(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: addr, Password: s.opts.Password, TLSConfig: s.tls,
		DialTimeout: time.Second, ReadTimeout: 3 * time.Second, ContextTimeoutEnabled: true,
		DialerRetries: 1, MaxRetries: -1, PoolSize: 4, PipelinePoolSize: -1, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// Addr returns the host:port of the server. It never changes.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.proc.port)) }

// Socket returns the path of the unix socket; see Options.Socket.
func (s *Server) Socket() string { return s.proc.dir + "/s" }

// URL returns the URL of the server, with the password of the default user.
func (s *Server) URL() string {
	u := url.URL{Scheme: "redis", Host: s.Addr()}
	if s.opts.TLS {
		u.Scheme = "rediss"
	}
	if s.opts.Password != "" {
		u.User = url.UserPassword("", s.opts.Password)
	}
	return u.String()
}

// TLSConfig returns a configuration that trusts the certificate of the server;
// nil without Options.TLS.
func (s *Server) TLSConfig() *tls.Config { return s.tls.Clone() }

// Client returns a client of the default user for looking at the server from
// outside. It is shared and closed at the end of the test.
func (s *Server) Client() *redis.Client { return s.client }

// Kill ends the process at once, as a crash does. What it held is lost.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	s.proc.kill(tb)
}

// Stop freezes the process: connections stay open and nothing is answered.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.proc.signal(tb, syscall.SIGSTOP)
}

// Resume ends Stop.
func (s *Server) Resume(tb testing.TB) {
	tb.Helper()
	s.proc.signal(tb, syscall.SIGCONT)
}

// Restart starts a killed server again, empty, on the same port, and returns
// when it answers.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.proc.restart(tb, s.ready)
}

// CommandStats returns how often each command was called since the start, by
// lower-case name: "get", "client|kill".
func (s *Server) CommandStats(tb testing.TB) map[string]int {
	tb.Helper()
	info, err := s.client.Info(context.Background(), "commandstats").Result()
	if err != nil {
		tb.Fatalf("redistest: command stats: %v", err)
	}
	stats := map[string]int{}
	for line := range strings.Lines(info) {
		name, rest, ok := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
		if calls, _, more := strings.Cut(rest, ","); ok && more {
			stats[name], _ = strconv.Atoi(calls)
		}
	}
	return stats
}

// Info returns one field of the server's INFO, or "" if it has none.
func (s *Server) Info(tb testing.TB, section, name string) string {
	tb.Helper()
	info, err := s.client.Info(context.Background(), section).Result()
	if err != nil {
		tb.Fatalf("redistest: info %s: %v", section, err)
	}
	return field(info, name)
}

// field returns the value of name in the format of INFO.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// binary returns the path of redis-server, or of what the environment variable
// REDIS_SERVER names, such as valkey-server; or it skips or fails the test.
func binary(tb testing.TB) string {
	tb.Helper()
	path, err := exec.LookPath(cmp.Or(os.Getenv("REDIS_SERVER"), "redis-server"))
	if err == nil {
		return path
	}
	if os.Getenv("FUSIONCACHE_REQUIRE_SERVERS") == "1" {
		tb.Fatal("redis-server is not on the PATH, and FUSIONCACHE_REQUIRE_SERVERS=1 demands it")
	}
	tb.Skip("left out: redis-server is not on the PATH")
	return ""
}

// Eventually waits until cond holds and fails the test if it does not within d.
// what completes the sentence "waited 2s for ...".
func Eventually(tb testing.TB, d time.Duration, what string, cond func() bool) {
	tb.Helper()
	if !poll(d, nil, cond) {
		tb.Fatalf("waited %v for %s", d, what)
	}
}

// poll asks cond every few milliseconds until it holds, d is over or stop is
// closed, and returns the last answer.
func poll(d time.Duration, stop <-chan struct{}, cond func() bool) bool {
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if cond() {
			return true
		}
		select {
		case <-tick.C:
		case <-stop:
			return cond()
		case <-deadline.C:
			return cond()
		}
	}
}

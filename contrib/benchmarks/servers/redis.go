// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package servers starts the servers that contestants talk to.
package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is a redis-server that keeps nothing on disk.
type Redis struct {
	addr   string
	dir    string
	cmd    *exec.Cmd
	exited chan struct{}
}

// StartRedis starts a server on a free port of this machine. Close ends it.
func StartRedis(ctx context.Context) (*Redis, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errors.New("there is no redis-server on the PATH: install Redis 7")
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "fusioncache-benchmarks-")
	if err != nil {
		return nil, err
	}
	r := &Redis{addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), dir: dir, exited: make(chan struct{})}
	r.cmd = exec.Command(path, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir)
	r.cmd.SysProcAttr = endWithParent()
	if err := r.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start redis-server: %w", err), os.RemoveAll(dir))
	}
	go func() {
		defer close(r.exited)
		_ = r.cmd.Wait()
	}()
	if err := r.answers(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// freePort returns a port that nobody listens on now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// answers waits until the server does.
func (r *Redis) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	client := redis.NewClient(&redis.Options{Addr: r.addr, MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true})
	defer func() { _ = client.Close() }()
	for !listens(r.addr) || client.Ping(ctx).Err() != nil {
		select {
		case <-r.exited:
			return errors.New("redis-server ended at once")
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not answer: %w", ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// listens reports whether a connection can be made, which go-redis would complain
// about if it cannot.
func listens(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// Addr returns host and port.
func (r *Redis) Addr() string { return r.addr }

// URL returns the address as a URL.
func (r *Redis) URL() string { return "redis://" + r.addr }

// Close ends the server.
func (r *Redis) Close() error {
	_ = r.cmd.Process.Kill()
	<-r.exited
	return os.RemoveAll(r.dir)
}

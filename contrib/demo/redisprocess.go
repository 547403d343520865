// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

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

	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
)

// redisProcess is a redis-server of our own. It keeps nothing on disk: when it
// comes back it is empty.
type redisProcess struct {
	path   string
	dir    string
	port   int
	cmd    *exec.Cmd // nil while stopped
	exited chan struct{}
}

func startRedis(ctx context.Context) (server, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errors.New("there is no redis-server on the PATH: install Redis 7, or name one that runs with -redis URL")
	}
	dir, err := os.MkdirTemp("", "fusioncache-demo-redis-")
	if err != nil {
		return nil, err
	}
	r := &redisProcess{path: path, dir: dir}
	if r.port, err = freePort(); err == nil {
		err = r.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, r.close())
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

func (r *redisProcess) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port)) }

func (r *redisProcess) start(ctx context.Context) error {
	cmd := exec.Command(r.path, "--port", strconv.Itoa(r.port), "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no", "--dir", r.dir)
	cmd.SysProcAttr = endWithParent()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait()
	}()
	r.cmd, r.exited = cmd, exited
	return r.answers(ctx)
}

// answers waits until the server does.
func (r *redisProcess) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	client := redis.NewClient(&redis.Options{Addr: r.addr(), MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true})
	defer func() { _ = client.Close() }()
	for client.Ping(ctx).Err() != nil {
		select {
		case <-r.exited:
			return errors.New("redis-server ended at once; is its port taken?")
		case <-time.After(5 * time.Millisecond):
		}
		if ctx.Err() != nil {
			return fmt.Errorf("redis-server does not answer: %w", ctx.Err())
		}
	}
	return nil
}

// stop kills the process, as a crash would.
func (r *redisProcess) stop(context.Context) error {
	if r.cmd == nil {
		return nil
	}
	err := r.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	if err == nil {
		<-r.exited
	}
	r.cmd = nil
	return err
}

func (r *redisProcess) connect(context.Context) (link, error) {
	options, err := redisdist.ClientOptions("redis://"+r.addr(), nil)
	if err != nil {
		return nil, err
	}
	return connectRedis(options)
}

func (r *redisProcess) close() error {
	return errors.Join(r.stop(context.Background()), os.RemoveAll(r.dir))
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package soak_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/integration/traffic"
)

// The environment that makes this test binary a node, in a process of its own.
const (
	envTransport = "FUSIONCACHE_SOAK_TRANSPORT"
	envData      = "FUSIONCACHE_SOAK_DATA"   // address of the server, for its data
	envBus       = "FUSIONCACHE_SOAK_BUS"    // the same, for messages
	envSource    = "FUSIONCACHE_SOAK_SOURCE" // address of the source of truth
)

const loopback = "127.0.0.1:0"

// serveNode is the main function of the process of a node. It prints its address
// and serves until the other end of its input is closed.
func serveNode() error {
	l := link{Data: os.Getenv(envData), Bus: os.Getenv(envBus)}
	source, err := rpc.Dial("tcp", os.Getenv(envSource))
	if err != nil {
		return err
	}
	n, err := openNode(context.Background(), transport(os.Getenv(envTransport)), l, mortal, remoteSource{source})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", loopback)
	if err != nil {
		return err
	}
	server := rpc.NewServer()
	if err := server.RegisterName("Node", &NodeService{n}); err != nil {
		return err
	}
	go server.Accept(listener)
	fmt.Println(listener.Addr())
	_, _ = os.Stdin.Read(make([]byte, 1))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return n.Close(ctx)
}

// NodeService is a node for net/rpc.
type NodeService struct{ node *traffic.Node }

// Call makes a call of the node.
func (s *NodeService) Call(r traffic.Request, a *traffic.Reply) error {
	*a = s.node.Call(context.Background(), r)
	return nil
}

// SourceService is the source of truth for net/rpc.
type SourceService struct{ source *traffic.Source }

// Load returns the value of a key for the node that can die.
func (s *SourceService) Load(key int, v *traffic.Value) (err error) {
	*v, err = s.source.Load(key, mortal)
	return err
}

// remoteSource is the source of truth in another process.
type remoteSource struct{ client *rpc.Client }

// Load implements traffic.Truth.
func (s remoteSource) Load(key, _ int) (v traffic.Value, err error) {
	err = s.client.Call("Source.Load", key, &v)
	return v, err
}

// serveSource serves the source of truth and returns its address.
func serveSource(tb testing.TB, s *traffic.Source) string {
	tb.Helper()
	listener, err := net.Listen("tcp", loopback)
	if err != nil {
		tb.Fatal(err)
	}
	server := rpc.NewServer()
	if err := server.RegisterName("Source", &SourceService{s}); err != nil {
		tb.Fatal(err)
	}
	var owned sync.WaitGroup
	owned.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			owned.Go(func() { server.ServeConn(conn) })
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		owned.Wait()
	})
	return listener.Addr().String()
}

// child is a node in a process of its own, which can be stopped and killed.
type child struct {
	tb  testing.TB
	env []string

	mu     sync.Mutex
	cmd    *exec.Cmd
	client *rpc.Client
	input  interface{ Close() error }
}

func newChild(tb testing.TB, t transport, l link, source string) *child {
	tb.Helper()
	return &child{tb: tb, env: append(os.Environ(),
		envTransport+"="+string(t), envData+"="+l.Data, envBus+"="+l.Bus, envSource+"="+source)}
}

// start starts the process and waits until it serves. The server may be away for
// a while: then the process ends and another one is started.
func (c *child) start() error {
	for deadline := time.Now().Add(patience); ; {
		err := c.launch()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		c.kill()
		<-time.After(100 * time.Millisecond)
	}
}

func (c *child) launch() error {
	cmd := exec.Command(os.Args[0])
	cmd.Env = c.env
	cmd.SysProcAttr = endWithParent()
	var problems strings.Builder
	cmd.Stderr = &problems
	input, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.mu.Lock()
	c.cmd, c.input = cmd, input
	c.mu.Unlock()
	var addr string
	if _, err := fmt.Fscanln(output, &addr); err != nil {
		return fmt.Errorf("child: %w: %s", err, problems.String())
	}
	client, err := rpc.Dial("tcp", addr)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.client = client
	return nil
}

// Call implements traffic.Caller.
func (c *child) Call(_ context.Context, r traffic.Request) (a traffic.Reply) {
	c.mu.Lock()
	client := c.client
	c.mu.Unlock()
	if client == nil || client.Call("Node.Call", r, &a) != nil {
		return traffic.Reply{Lost: true}
	}
	return a
}

func (c *child) signal(sig os.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		c.tb.Errorf("child: %v", err)
	}
}

// kill ends the process at once and waits for its end.
func (c *child) kill() {
	c.signal(syscall.SIGKILL)
	_ = c.wait()
}

func (c *child) wait() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.cmd.Wait()
	if c.client != nil {
		_ = c.client.Close()
		c.client = nil
	}
	return err
}

// end has the process close its node and end.
func (c *child) end() error {
	c.mu.Lock()
	_ = c.input.Close()
	c.mu.Unlock()
	return c.wait()
}

const patience = 20 * time.Second

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const (
	launchAttempts = 10
	readyWithin    = 20 * time.Second
)

// process is a redis-server in the foreground, with its directory and its port.
type process struct {
	path   string
	dir    string
	port   int
	args   []string // of the last start
	cmd    *exec.Cmd
	exited chan struct{} // closed when cmd has ended
}

// newProcess makes the directory; nothing runs yet. The directory is not the
// test's own because the path of a unix socket must stay under 108 bytes.
func newProcess(tb testing.TB) *process {
	tb.Helper()
	p := &process{path: binary(tb)}
	dir, err := os.MkdirTemp("", "redistest")
	if err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	p.dir = dir
	tb.Cleanup(func() {
		p.kill(tb)
		_ = os.RemoveAll(dir)
	})
	return p
}

// launch starts the process on a free port. Between the choice and the start
// another process may take the port; then it tries the next.
func (p *process) launch(tb testing.TB, args func(port int) []string, ready func(port, pid int) bool) {
	tb.Helper()
	for range launchAttempts {
		p.port = freePort(tb)
		p.args = args(p.port)
		if p.start(tb, ready) {
			return
		}
	}
	tb.Fatalf("redistest: redis-server does not start; its log ends with\n%s", p.logTail())
}

func (p *process) restart(tb testing.TB, ready func(port, pid int) bool) {
	tb.Helper()
	for range launchAttempts {
		if p.start(tb, ready) {
			return
		}
	}
	tb.Fatalf("redistest: redis-server does not start again; its log ends with\n%s", p.logTail())
}

// start runs the process and reports whether it came to answer on its port.
func (p *process) start(tb testing.TB, ready func(port, pid int) bool) bool {
	tb.Helper()
	log, err := os.Create(p.logFile())
	if err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(p.path, p.args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = endWithParent()
	if err := cmd.Start(); err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait()
	}()
	p.cmd, p.exited = cmd, exited
	if poll(readyWithin, exited, func() bool { return listening(p.port) && ready(p.port, cmd.Process.Pid) }) {
		return true
	}
	p.kill(tb)
	return false
}

// kill ends the process, if it runs, and waits for its end.
func (p *process) kill(tb testing.TB) {
	tb.Helper()
	if p.cmd == nil {
		return
	}
	p.signal(tb, syscall.SIGKILL)
	<-p.exited
}

func (p *process) signal(tb testing.TB, sig os.Signal) {
	tb.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		tb.Errorf("redistest: signal %v: %v", sig, err)
	}
}

func (p *process) logFile() string { return filepath.Join(p.dir, "log") }

func (p *process) logTail() []byte {
	text, _ := os.ReadFile(p.logFile())
	lines := bytes.SplitAfter(text, []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-10):], nil)
}

// freePort returns a port that nobody listens on now. It lies below the range
// from which systems take the ports of outgoing connections, so that one of
// those does not occupy it between Kill and Restart.
func freePort(tb testing.TB) int {
	tb.Helper()
	for range 100 {
		port := 20000 + rand.IntN(12000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	tb.Fatal("redistest: no free port")
	return 0
}

func listening(port int) bool {
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// MasterName is the name under which a [Sentinel] knows its master.
const MasterName = "main"

// Sentinel is a master with one replica, watched by one sentinel that needs half
// a second of silence to give the master up.
type Sentinel struct {
	Master, Replica *Server
	watcher         *Server
}

// StartSentinel starts all three. They live until the end of the test.
func StartSentinel(tb testing.TB) *Sentinel {
	tb.Helper()
	master := Start(tb, &Options{Config: []string{"--repl-diskless-sync-delay", "0"}})
	port := strconv.Itoa(master.proc.port)
	replica := Start(tb, &Options{Config: []string{"--replicaof", "127.0.0.1", port}})
	Eventually(tb, 30*time.Second, "the replica to follow its master", func() bool {
		return replica.Info(tb, "replication", "master_link_status") == "up"
	})
	// A sentinel asks for replicas when it starts and then only every ten
	// seconds; that is why it starts last.
	watcher := startWatcher(tb, port)
	Eventually(tb, 30*time.Second, "the sentinel to learn of the replica", func() bool {
		return strings.Contains(watcher.Info(tb, "sentinel", "master0"), "status=ok") &&
			strings.Contains(watcher.Info(tb, "sentinel", "master0"), "slaves=1")
	})
	return &Sentinel{Master: master, Replica: replica, watcher: watcher}
}

// Addr returns the address of the sentinel.
func (s *Sentinel) Addr() string { return s.watcher.Addr() }

func startWatcher(tb testing.TB, masterPort string) *Server {
	tb.Helper()
	s := &Server{proc: newProcess(tb)}
	s.proc.launch(tb, func(port int) []string {
		return []string{writeWatcherConfig(tb, s.proc.dir, port, masterPort), "--sentinel"}
	}, s.ready)
	s.client = s.dial(s.Addr())
	tb.Cleanup(func() { _ = s.client.Close() })
	return s
}

// writeWatcherConfig writes a configuration file, which a sentinel needs because
// it keeps its state there.
func writeWatcherConfig(tb testing.TB, dir string, port int, masterPort string) string {
	tb.Helper()
	file := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf(`bind 127.0.0.1
port %d
dir %s
sentinel monitor %[3]s 127.0.0.1 %[4]s 1
sentinel down-after-milliseconds %[3]s 500
sentinel failover-timeout %[3]s 5000
`, port, dir, MasterName, masterPort)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	return file
}

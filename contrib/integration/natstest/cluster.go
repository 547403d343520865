// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natstest

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	clusterName = "natstest"
	clusterSize = 3
	electTime   = 60 * time.Second
)

// Cluster is three servers that share their JetStream.
type Cluster struct {
	// Servers are the members; each can be shut down and restarted alone.
	Servers [clusterSize]*Server

	tb testing.TB
}

// StartCluster starts three servers and waits until JetStream can be used, which
// takes about 5 s. They are shut down when the test ends. opts may be nil.
func StartCluster(tb testing.TB, opts *Options) *Cluster {
	tb.Helper()
	c := &Cluster{tb: tb}
	routes := freeRoutes(tb)
	for i := range c.Servers {
		config := configure(tb, opts)
		config.ServerName = fmt.Sprint("n", i)
		config.Cluster = server.ClusterOpts{Name: clusterName, Host: host, Port: routePort(routes[i])}
		config.Routes = routes
		c.Servers[i] = &Server{tb: tb, config: config}
		c.Servers[i].start()
		tb.Cleanup(c.Servers[i].Shutdown)
	}
	c.WaitReady()
	return c
}

// freeRoutes returns the addresses on which the members find each other. A
// member does not start without knowing the others, so the ports are chosen
// before; they are held together so that they differ.
func freeRoutes(tb testing.TB) []*url.URL {
	tb.Helper()
	routes := make([]*url.URL, clusterSize)
	for i := range routes {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			tb.Fatalf("natstest: %v", err)
		}
		defer l.Close()
		routes[i] = &url.URL{Scheme: "nats", Host: l.Addr().String()}
	}
	return routes
}

func routePort(route *url.URL) int {
	port, err := strconv.Atoi(route.Port())
	if err != nil {
		return server.RANDOM_PORT
	}
	return port
}

// WaitReady waits until the running members have elected a leader that knows
// them all, so that streams can be created.
func (c *Cluster) WaitReady() {
	c.tb.Helper()
	WaitFor(c.tb, electTime, "the cluster to be complete", func() bool {
		members, known := 0, 0
		for _, s := range c.Servers {
			running := s.Running()
			if running == nil {
				continue
			}
			if !running.JetStreamIsCurrent() {
				return false
			}
			members++
			known = max(known, len(running.JetStreamClusterPeers()))
		}
		return known >= members
	})
}

// URL returns the URLs of all members, separated by commas.
func (c *Cluster) URL() string {
	urls := make([]string, len(c.Servers))
	for i, s := range c.Servers {
		urls[i] = s.URL()
	}
	return strings.Join(urls, ",")
}

// StreamLeader returns the member that leads a stream of the default account.
func (c *Cluster) StreamLeader(stream string) *Server {
	c.tb.Helper()
	var leader *Server
	WaitFor(c.tb, electTime, "a leader of stream "+stream, func() bool {
		for _, s := range c.Servers {
			running := s.Running()
			if running != nil && running.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream) {
				leader = s
				return true
			}
		}
		return false
	})
	return leader
}

// WaitFor polls until ok is true, and fails the test when that takes longer
// than limit. what completes the sentence "waited for".
func WaitFor(tb testing.TB, limit time.Duration, what string, ok func() bool) {
	tb.Helper()
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			tb.Fatalf("waited %v for %s", limit, what)
		}
		<-tick.C
	}
}

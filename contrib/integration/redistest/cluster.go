// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistest

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	clusterMasters = 3
	clusterSlots   = 16384
)

// Cluster is a Redis Cluster of three masters without replicas.
type Cluster struct {
	Nodes []*Server // the masters, in the order of their slots
}

// StartCluster starts a cluster that lives until the end of the test. It takes
// about two seconds: a new cluster waits before it trusts itself.
func StartCluster(tb testing.TB) *Cluster {
	tb.Helper()
	c := &Cluster{}
	buses := make([]int, clusterMasters)
	for i := range buses {
		buses[i] = freePort(tb)
		c.Nodes = append(c.Nodes, Start(tb, &Options{Config: []string{
			"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
			"--cluster-node-timeout", "2000", "--cluster-port", strconv.Itoa(buses[i]),
		}}))
	}
	for i, node := range c.Nodes {
		node.do(tb, "cluster", "addslotsrange", i*clusterSlots/clusterMasters, (i+1)*clusterSlots/clusterMasters-1)
		node.do(tb, "cluster", "set-config-epoch", i+1)
	}
	for i, node := range c.Nodes[1:] {
		c.Nodes[0].do(tb, "cluster", "meet", "127.0.0.1", node.proc.port, buses[i+1])
	}
	for _, node := range c.Nodes {
		Eventually(tb, 30*time.Second, "the cluster to form", node.clusterOK)
	}
	return c
}

// Addrs returns the addresses of all masters.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, 0, len(c.Nodes))
	for _, node := range c.Nodes {
		addrs = append(addrs, node.Addr())
	}
	return addrs
}

// URL returns a URL that lists all masters, separated by commas.
func (c *Cluster) URL() string { return "redis://" + strings.Join(c.Addrs(), ",") }

// Owner returns the master that holds the slot of key.
func (c *Cluster) Owner(tb testing.TB, key string) *Server {
	tb.Helper()
	slot, err := c.Nodes[0].client.ClusterKeySlot(context.Background(), key).Result()
	if err != nil {
		tb.Fatalf("redistest: slot of %q: %v", key, err)
	}
	for i := range c.Nodes {
		if int(slot) < (i+1)*clusterSlots/clusterMasters {
			return c.Nodes[i]
		}
	}
	tb.Fatalf("redistest: %q has slot %d", key, slot)
	return nil
}

func (s *Server) clusterOK() bool {
	info, err := s.client.ClusterInfo(context.Background()).Result()
	return err == nil && field(info, "cluster_state") == "ok" &&
		field(info, "cluster_known_nodes") == strconv.Itoa(clusterMasters)
}

func (s *Server) do(tb testing.TB, args ...any) {
	tb.Helper()
	if err := s.client.Do(context.Background(), args...).Err(); err != nil {
		tb.Fatalf("redistest: %v: %v", args, err)
	}
}

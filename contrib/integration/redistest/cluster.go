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

// Cluster is a Redis Cluster of three masters.
type Cluster struct {
	Nodes []*Server // the masters, in the order of their slots

	buses map[*Server]int // the ports on which the nodes talk to each other
}

// StartCluster starts a cluster that lives until the end of the test. It takes
// about two seconds: a new cluster waits before it trusts itself.
func StartCluster(tb testing.TB) *Cluster {
	tb.Helper()
	c := BeginCluster(tb)
	c.Await(tb)
	return c
}

// BeginCluster is StartCluster without the wait, which is for Await.
func BeginCluster(tb testing.TB) *Cluster {
	tb.Helper()
	c := &Cluster{buses: map[*Server]int{}}
	for i := range clusterMasters {
		node := c.startNode(tb)
		node.do(tb, "cluster", "addslotsrange", i*clusterSlots/clusterMasters, (i+1)*clusterSlots/clusterMasters-1)
		node.do(tb, "cluster", "set-config-epoch", i+1)
		c.Nodes = append(c.Nodes, node)
	}
	for _, node := range c.Nodes[1:] {
		c.introduce(tb, node)
	}
	return c
}

// Await waits until a cluster that was begun has formed.
func (c *Cluster) Await(tb testing.TB) {
	tb.Helper()
	for _, node := range c.Nodes {
		Eventually(tb, 30*time.Second, "the cluster to form", func() bool { return node.knows(clusterMasters) })
	}
}

// AddReplica starts a replica of master and returns when it is in step. When the
// master dies the replica takes its slots over after two to four seconds.
func (c *Cluster) AddReplica(tb testing.TB, master *Server) *Server {
	tb.Helper()
	id, err := master.client.ClusterMyID(context.Background()).Result()
	if err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	replica := c.startNode(tb)
	c.introduce(tb, replica)
	Eventually(tb, 30*time.Second, "the replica to learn of its master", func() bool {
		return replica.client.Do(context.Background(), "cluster", "replicate", id).Err() == nil
	})
	Eventually(tb, 30*time.Second, "the replica to follow its master", func() bool {
		return replica.Info(tb, "replication", "master_link_status") == "up"
	})
	for _, node := range append([]*Server{replica}, c.Nodes...) {
		Eventually(tb, 30*time.Second, "all nodes to know of the replica", func() bool {
			nodes, err := node.client.ClusterNodes(context.Background()).Result()
			return err == nil && strings.Contains(nodes, "slave "+id) && node.knows(clusterMasters+1)
		})
	}
	return replica
}

// AddMaster starts a further master, which has no slots, and returns when all
// nodes know of it. It is not among Nodes.
func (c *Cluster) AddMaster(tb testing.TB) *Server {
	tb.Helper()
	known, _ := strconv.Atoi(c.Nodes[0].ClusterInfo(tb, "cluster_known_nodes"))
	node := c.startNode(tb)
	c.introduce(tb, node)
	for _, n := range append([]*Server{node}, c.Nodes...) {
		Eventually(tb, 30*time.Second, "all nodes to know of the new one", func() bool { return n.knows(known + 1) })
	}
	return node
}

// Move moves the slot of key, in which there must be no keys, from one master to
// another, as a resharding does. Owner does not take notice of it.
func (c *Cluster) Move(tb testing.TB, key string, from, to *Server) {
	tb.Helper()
	slot, err := from.client.ClusterKeySlot(context.Background(), key).Result()
	if err != nil {
		tb.Fatalf("redistest: slot of %q: %v", key, err)
	}
	id := func(s *Server) string {
		id, err := s.client.ClusterMyID(context.Background()).Result()
		if err != nil {
			tb.Fatalf("redistest: %v", err)
		}
		return id
	}
	to.do(tb, "cluster", "setslot", slot, "importing", id(from))
	from.do(tb, "cluster", "setslot", slot, "migrating", id(to))
	to.do(tb, "cluster", "setslot", slot, "node", id(to))
	from.do(tb, "cluster", "setslot", slot, "node", id(to))
}

func (c *Cluster) startNode(tb testing.TB) *Server {
	tb.Helper()
	bus := freePort(tb)
	node := Start(tb, &Options{Config: []string{
		"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000",
		"--cluster-port", strconv.Itoa(bus), "--repl-diskless-sync-delay", "0",
	}})
	c.buses[node] = bus
	return node
}

// introduce makes node and the first one know each other; they tell the others.
func (c *Cluster) introduce(tb testing.TB, node *Server) {
	tb.Helper()
	c.Nodes[0].do(tb, "cluster", "meet", "127.0.0.1", node.proc.port, c.buses[node])
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

// ClusterInfo returns one field of the node's CLUSTER INFO, or "" if it has none.
func (s *Server) ClusterInfo(tb testing.TB, name string) string {
	tb.Helper()
	info, err := s.client.ClusterInfo(context.Background()).Result()
	if err != nil {
		tb.Fatalf("redistest: cluster info: %v", err)
	}
	return field(info, name)
}

// knows reports whether the node is content with a cluster of n nodes and
// connected to all of them: what it publishes before that does not reach them.
func (s *Server) knows(n int) bool {
	info, err := s.client.ClusterInfo(context.Background()).Result()
	if err != nil || field(info, "cluster_state") != "ok" || field(info, "cluster_known_nodes") != strconv.Itoa(n) {
		return false
	}
	nodes, err := s.client.ClusterNodes(context.Background()).Result()
	return err == nil && strings.Count(nodes, " connected") == n && !strings.Contains(nodes, "handshake")
}

func (s *Server) do(tb testing.TB, args ...any) {
	tb.Helper()
	if err := s.client.Do(context.Background(), args...).Err(); err != nil {
		tb.Fatalf("redistest: %v: %v", args, err)
	}
}

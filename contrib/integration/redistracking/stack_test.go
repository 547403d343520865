// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking_test

import (
	"context"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/backplanes/redistracking"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// node is a stack that hears of changes by others.
type node struct{ *hybrid.Cache[string] }

func startNode(t *testing.T, s *redistest.Server, memory core.MemoryLayer) *node {
	t.Helper()
	client := connect(t, s.URL(), nil)
	inner := hybrid.Must(redisbus.New(client, hybrid.Channel("shop"), nil))
	stack, err := hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      memory,
		Distributed: hybrid.Must(redisdist.New(client, nil)),
		Backplane:   hybrid.Must(redistracking.New(client, inner, hybrid.KeyPrefixes("shop"), nil)),
		Serializer:  hybrid.Must(msgpackser.New(nil)),
		Defaults:    core.EntryOptions{TTL: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stack.Close(context.Background()) })
	return &node{hybrid.Must(hybrid.Of[string](stack, "product"))}
}

// startNodes returns one node for each memory layer, when they hear all.
func startNodes(t *testing.T, s *redistest.Server) []*node {
	t.Helper()
	nodes := []*node{
		startNode(t, s, hybrid.Must(freecachemem.New(1<<20, nil))),
		startNode(t, s, hybrid.Must(ottermem.New(nil))),
	}
	redistest.Eventually(t, patience, "all nodes to hear", func() bool {
		n, err := s.Client().PubSubNumSub(t.Context(), hybrid.Channel("shop")).Result()
		return err == nil && n[hybrid.Channel("shop")] == int64(len(nodes))
	})
	return nodes
}

func (n *node) want(t *testing.T, key, want string) {
	t.Helper()
	got, ok, err := n.Get(t.Context(), key)
	if got != want || !ok || err != nil {
		t.Errorf("%s: %q, %t, %v; want %q", key, got, ok, err, want)
	}
}

// wantGone checks that the memory of n stops serving key within 100 ms.
func (n *node) wantGone(t *testing.T, key string) {
	t.Helper()
	began := time.Now()
	redistest.Eventually(t, patience, "the memory to notice", func() bool {
		_, ok, err := n.Get(t.Context(), key)
		return !ok && err == nil
	})
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("noticed after %v, want at most 100ms", took)
	}
}

func TestStack_WritesOfOtherProgramsInvalidateMemory(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	nodes, c := startNodes(t, s), s.Client()
	const key = "shop:1:e:product:42"
	for _, change := range []func(ctx context.Context) error{
		func(ctx context.Context) error { return c.Set(ctx, key, "not ours", 0).Err() },
		func(ctx context.Context) error { return c.Del(ctx, key).Err() },
		func(ctx context.Context) error { return c.PExpire(ctx, key, time.Millisecond).Err() },
		func(ctx context.Context) error { return c.FlushAll(ctx).Err() },
	} {
		if err := c.Del(t.Context(), key).Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := nodes[0].Set(t.Context(), "42", "bicycle"); err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes {
			n.want(t, "42", "bicycle")
		}
		if err := change(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes {
			n.wantGone(t, "42")
		}
	}
}

func TestStack_OwnWritesCostOneHeader(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	nodes := startNodes(t, s)
	const writes = 20
	for range writes {
		if _, err := nodes[0].Set(t.Context(), "42", "bicycle"); err != nil {
			t.Fatal(err)
		}
	}
	before := s.CommandStats(t)
	for range 1000 {
		nodes[0].want(t, "42", "bicycle")
	}
	after := s.CommandStats(t)
	headers, values := after["getrange"]-before["getrange"], after["get"]-before["get"]
	// News that comes late costs another one; marks are read once a while.
	if headers > 3 || values > 5 {
		t.Errorf("1000 reads after %d writes took %d headers and %d values", writes, headers, values)
	}
}

// What another node of the stack writes comes twice, as a message and as a change.
func TestStack_NodesAreStillInStep(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	nodes := startNodes(t, s)
	for i := range 100 {
		writer, reader := nodes[i%2], nodes[(i+1)%2]
		value := time.Duration(i).String()
		if _, err := writer.Set(t.Context(), "42", value, core.Tags("bikes")); err != nil {
			t.Fatal(err)
		}
		redistest.Eventually(t, patience, "the other node", func() bool {
			got, _, err := reader.Get(t.Context(), "42")
			return err == nil && got == value
		})
	}
	if _, err := nodes[0].Stack().RemoveByTag(t.Context(), "bikes"); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		n.wantGone(t, "42")
	}
}

func TestStack_AMarkDeletedByHandClearsMemory(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	nodes := startNodes(t, s)
	if _, err := nodes[0].Set(t.Context(), "42", "bicycle"); err != nil {
		t.Fatal(err)
	}
	waited := time.After(1100 * time.Millisecond) // until then it is taken for the node's own doing
	<-waited
	if n := s.Client().Del(t.Context(), "shop:1:m:").Val(); n != 1 {
		t.Fatal("there is no mark of everything")
	}
	for _, n := range nodes {
		n.wantGone(t, "42")
	}
}

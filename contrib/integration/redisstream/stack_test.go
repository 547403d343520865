// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisstream_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/redisstream"
	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// node is a stack whose backplane alone goes through a network that can fail.
type node struct {
	*hybrid.Cache[string]
	joins, gaps, heard atomic.Int64
}

func startNode(t *testing.T, s *redistest.Server, faults *redistest.Faults) *node {
	t.Helper()
	stack, err := hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      hybrid.Must(freecachemem.New(1<<20, nil)),
		Distributed: hybrid.Must(redisdist.New(connect(t, s.URL(), nil, nil), nil)),
		Backplane:   hybrid.Must(redisstream.New(connect(t, s.URL(), faults, nil), hybrid.Channel("shop"), nil)),
		Serializer:  hybrid.Must(msgpackser.New(nil)),
		Defaults:    core.EntryOptions{TTL: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stack.Close(context.Background()) })
	n := &node{Cache: hybrid.Must(hybrid.Of[string](stack, "product"))}
	stack.Events().Listen("test", core.Joined|core.GapSuspected|core.MessageReceived, func(ev core.Event) {
		switch {
		case ev.Kind == core.Joined:
			n.joins.Add(1)
		case ev.Kind == core.GapSuspected:
			n.gaps.Add(1)
		case ev.Key != "":
			n.heard.Add(1)
		}
	})
	redistest.Eventually(t, patience, "the node to join", func() bool { return n.joins.Load() > 0 })
	return n
}

// After a cut the node knows what it missed, and need not ask the server about
// anything else that it has in memory.
func TestStack_TrustsItsMemoryAgainAfterACut(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, nil)
	faults := redistest.NewFaults(t, s.Addr())
	writer, reader := startNode(t, s, nil), startNode(t, s, faults)
	settled := time.After(4 * time.Second) // the reader has met the writer, and checked what it had before
	<-settled
	const keys = 200
	key := func(i int) string { return fmt.Sprint("k", i) }
	for i := range keys {
		if _, err := writer.Set(t.Context(), key(i), "old"); err != nil {
			t.Fatal(err)
		}
	}
	redistest.Eventually(t, patience, "the messages", func() bool { return reader.heard.Load() == keys })
	for i := range keys {
		if v, _, err := reader.Get(t.Context(), key(i)); v != "old" || err != nil {
			t.Fatalf("%s: %q, %v", key(i), v, err)
		}
	}
	cutFor(t, 5*time.Second, faults, func() {
		for i := range keys / 2 {
			if _, err := writer.Set(t.Context(), key(i), "new"); err != nil {
				t.Fatal(err)
			}
		}
	})
	redistest.Eventually(t, patience, "the repair", func() bool { return reader.joins.Load() == 2 })
	healed := time.After(3 * time.Second) // two heartbeats: one to be heard, one to judge by
	<-healed
	before := s.CommandStats(t)
	for i := range keys {
		want := "old"
		if i < keys/2 {
			want = "new"
		}
		if v, _, err := reader.Get(t.Context(), key(i)); v != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", key(i), v, err, want)
		}
	}
	after := s.CommandStats(t)
	if n := after["getrange"] - before["getrange"]; n > keys/20 {
		t.Errorf("the reader asked for %d headers, want none", n)
	}
	if n := after["get"] - before["get"]; n > keys/2+keys/20 {
		t.Errorf("the reader asked for %d values, want those %d that have changed", n, keys/2)
	}
	if n := reader.gaps.Load(); n != 0 {
		t.Errorf("%d gaps", n)
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// nonsense is what can arrive on a channel that others write to as well.
func nonsense() map[string]string {
	valid := string(wire.AppendMessage(nil, wire.Message{
		Kind: wire.MessageSet, Node: wire.NodeID{1}, Seq: 1, Version: core.Version{Time: 1, Node: 1}, Key: "v:k",
	}))
	return map[string]string{
		"hello":           "hello",
		"empty":           "",
		"1 MiB":           strings.Repeat("x", 1<<20),
		"invalid UTF-8":   "\xff\xfe\x80\xc3\x28",
		"unknown version": "\x63" + valid[1:],
		"truncated":       valid[:len(valid)/2],
		"one byte less":   valid[:len(valid)-1],
		"one byte more":   valid + "x",
		"garbled":         valid[:20] + string([]byte{valid[20] ^ 0x55}) + valid[21:],
		"old node's JSON": `{"node_id":"pod-1","key":"\"user:1\""}`,
	}
}

func TestSeed_DC8_IgnoresForeignMessages(t *testing.T) {
	w := startRedis(t)
	a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
	a.spread(t, "k", 1, b)
	b.want(t, "k", 1)
	for name, message := range nonsense() {
		rejected, joined := b.count(core.MessageRejected), b.count(core.Joined)
		if err := w.Client().Publish(t.Context(), hybrid.Channel("app"), message).Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		soon(t, patience, name+" to be counted", func() bool { return b.count(core.MessageRejected) == rejected+1 })
		if n := b.count(core.Joined) - joined; n != 0 {
			t.Errorf("%s: the subscription was made anew", name)
		}
	}
	b.want(t, "k", 1)
	v := 1
	within3(t, func() error {
		v++
		a.commit(t, "k", v)
		begin := time.Now()
		soon(t, patience, "the next write on B", func() bool { return b.has(t, "k", v) })
		if d := since(begin); d > 100*time.Millisecond {
			return tooSlow("the next write", d, 100*time.Millisecond)
		}
		return nil
	})
	if n := b.count(core.MessageRejected); n != int64(len(nonsense())) {
		t.Errorf("%d messages were rejected, want %d", n, len(nonsense()))
	}
}

// Messages that are well-formed and lie can only cost reads.
func TestSeed_DC8_ForgedMessagesCannotChangeValues(t *testing.T) {
	w := startRedis(t)
	a, b := pair(t, w, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour})
	a.spread(t, "k", 1, b)
	kinds := []wire.MessageKind{wire.MessageSet, wire.MessageRemove, wire.MessageExpire, wire.MessageHeartbeat, wire.MessageGoodbye}
	far := time.Now().Add(1000 * time.Hour).UnixMilli()
	for i, kind := range kinds {
		m := wire.Message{Kind: kind, Node: wire.NodeID{9}, Seq: uint64(1 + 1000*i), Version: core.Version{Time: far, Node: 7, Op: 1}}
		if i < 3 {
			m.Key = "v:k"
		}
		if err := w.Client().Publish(t.Context(), hybrid.Channel("app"), string(wire.AppendMessage(nil, m))).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for v := 2; v < 5; v++ {
		a.commit(t, "k", v)
		soon(t, time.Second, fmt.Sprint("value ", v, " on B"), func() bool { return b.has(t, "k", v) })
		a.want(t, "k", v)
	}
}

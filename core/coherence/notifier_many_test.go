// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// writings are sets of n keys that begin with prefix.
func (n *node) writings(count int, prefix string, o *core.EntryOptions) (all []coherence.Writing) {
	for i := range count {
		all = append(all, coherence.Writing{Key: fmt.Sprint(prefix, i), Entry: n.entry(i, core.Version{}), Options: o})
	}
	return all
}

// parts returns all changes that were told, and checks the numbers of the messages.
func (n *node) parts(t *testing.T) (all []wire.Message) {
	t.Helper()
	seen := map[uint64]bool{}
	for _, m := range n.bus.all() {
		if seen[m.Seq] || m.Seq == 0 || int(m.Seq) > len(n.bus.all()) {
			t.Errorf("number %d of %d messages", m.Seq, len(n.bus.all()))
		}
		seen[m.Seq] = true
		if size := len(wire.AppendMessage(nil, m)); size > wire.MaxMessageSize {
			t.Errorf("a message of %d bytes", size)
		}
		all = slices.AppendSeq(all, m.Parts())
	}
	return all
}

func TestSeed_CM3_ManyWritesTakeAsFewMessagesAsHoldThem(t *testing.T) {
	for _, c := range []struct {
		name     string
		keys     int
		prefix   string
		messages int
	}{
		{"none", 0, "k", 0},
		{"one", 1, "k", 1},
		{"full", wire.MaxParts, "k", 1},
		{"one more", wire.MaxParts + 1, "k", 2},
		{"three", 2*wire.MaxParts + 1, "k", 3},
		{"long keys", 100, strings.Repeat("k", 1000), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			writing(t, func(t *testing.T, n *node) {
				all := n.writings(c.keys, c.prefix, options())
				for i, done := range n.writer.SetMany(t.Context(), all, codec) {
					if done.Outcome != core.Committed || done.Err != nil {
						t.Errorf("%s: %+v", all[i].Key, done)
					}
				}
				if got := len(n.bus.all()); got != c.messages {
					t.Errorf("%d messages, want %d", got, c.messages)
				}
				told := map[string]bool{}
				for _, p := range n.parts(t) {
					e, _ := n.memory.Get(p.Key)
					if p.Kind != wire.MessageSet || !e.Version().Same(p.Version) || told[p.Key] {
						t.Errorf("told of %v %v of %q", p.Kind, p.Version, p.Key)
					}
					told[p.Key] = true
				}
				if len(told) != c.keys || n.events.count(core.MessageSent) != c.keys {
					t.Errorf("told of %d keys, %d events", len(told), n.events.count(core.MessageSent))
				}
			})
		})
	}
}

func TestNotifier_RemovalsOfManyGoInOneMessage(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_ = n.writer.RemoveMany(t.Context(), n.writings(10, "k", options()))
		parts := n.parts(t)
		if len(n.bus.all()) != 1 || len(parts) != 10 || parts[0].Kind != wire.MessageRemove {
			t.Errorf("%d messages: %+v", len(n.bus.all()), parts)
		}
	})
}

// Without a distributed layer, or past it, the other nodes hear of many writes in one
// message, and so they do of those that go on in the background.
func TestNotifier_ManyWritesGoInOneMessageWithoutALayer(t *testing.T) {
	for name, past := range map[string]core.Skip{"without": 0, "past": core.SkipDistributedWrite} {
		t.Run(name, func(t *testing.T) {
			writing(t, func(t *testing.T, n *node) {
				if past == 0 {
					n.writer.Shared = nil
				}
				_ = n.writer.SetMany(t.Context(), n.writings(10, "k", options(core.Without(past))), codec)
				if got := len(n.parts(t)); len(n.bus.all()) != 1 || got != 10 {
					t.Errorf("%d messages of %d keys", len(n.bus.all()), got)
				}
				n.writer.Order = coherence.NewOrder(coherence.BackgroundLimits{Workers: 1})
				released := make(chan struct{})
				if err := n.writer.Order.Go(t.Context(), "another", func(context.Context) { <-released }); err != nil {
					t.Fatal(err)
				}
				o := options(core.Without(past), core.BackgroundWrites(true))
				_ = n.writer.SetMany(t.Context(), n.writings(10, "k", o), codec)
				close(released) // only now, so that all of them wait for the same worker
				if err := n.writer.Order.Close(t.Context()); err != nil {
					t.Error(err)
				}
				if got := len(n.parts(t)); len(n.bus.all()) != 2 || got != 20 {
					t.Errorf("%d messages of %d keys", len(n.bus.all()), got)
				}
			})
		})
	}
}

// A message that fails leaves each of its changes to be told later.
func TestNotifier_WhatManyCouldNotBeToldIsOwed(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		n.writer.Recovery = coherence.NewRecovery(coherence.RecoveryOptions{}, n.clock, nil)
		n.bus.broken.Store(true)
		all := n.writings(10, "k", options(core.ReturnLayerErrors(true)))
		for _, done := range n.writer.SetMany(t.Context(), all, codec) {
			layer, ok := errors.AsType[*core.LayerError](done.Err)
			if done.Outcome != core.LocalOnly || !ok || layer.Level != core.LevelBackplane || !errors.Is(done.Err, errBroken) {
				t.Errorf("got %+v", done)
			}
		}
		if got := n.events.count(core.LayerFailed); got != 1 {
			t.Errorf("%d failures, want one for the message", got)
		}
		n.bus.broken.Store(false)
		recovering, stop := context.WithCancel(t.Context())
		go n.writer.Recover(recovering)
		pass(10 * time.Second)
		stop()
		synctest.Wait()
		told := map[string]bool{}
		for _, m := range n.bus.all() {
			for part := range m.Parts() {
				told[part.Key] = part.Kind == wire.MessageSet
			}
		}
		for _, w := range all {
			if !told[w.Key] {
				t.Errorf("%s was never told", w.Key)
			}
		}
	})
}

// batch delivers the next message of the sender, with these changes.
func (e *ears) batch(changes ...wire.Message) {
	e.seq++
	var parts []byte
	for _, m := range changes {
		m.Node = e.sender
		parts = wire.AppendPart(parts, m)
	}
	e.receiver.Message(wire.AppendMessage(nil, wire.Message{Kind: wire.MessageBatch, Node: e.sender, Seq: e.seq, Value: string(parts)}))
}

func TestReceiver_AppliesEachChangeOfABatch(t *testing.T) {
	hearing(t, func(t *testing.T, e *ears) {
		keys := []string{"set", "removed", "expired", "known", "other"}
		loads := map[string]*core.Token{}
		for _, key := range keys {
			e.local.Write(key, e.entry(1, version(here, 1)))
			loads[key] = e.loads.begin(key)
		}
		known := version(here, 1)
		e.batch(
			wire.Message{Kind: wire.MessageSet, Key: "set", Version: version(there, 2)},
			wire.Message{Kind: wire.MessageRemove, Key: "removed", Version: version(there, 3)},
			wire.Message{Kind: wire.MessageExpire, Key: "expired", Version: version(there, 4)},
			wire.Message{Kind: wire.MessageSet, Key: "known", Version: known},
		)
		for key, want := range map[string]core.State{"set": core.Stale, "expired": core.Stale, "known": core.Fresh, "other": core.Fresh} {
			if entry, ok := e.memory.Get(key); !ok || entry.State(e.clock.Now()) != want {
				t.Errorf("%s: %t, want %v", key, ok, want)
			}
		}
		if _, ok := e.memory.Get("removed"); ok {
			t.Error("what was removed is still there")
		}
		for _, key := range keys[:3] {
			if loads[key].Valid() || e.local.Admits(key, version(there, 1)) {
				t.Errorf("%s: something older may still be stored", key)
			}
		}
		if !loads["other"].Valid() || e.events.count(core.MessageReceived) != 4 {
			t.Errorf("%d changes heard", e.events.count(core.MessageReceived))
		}
	})
}

func TestReceiver_ABatchIsOneMessageOfTheSequence(t *testing.T) {
	for lost, gaps := range []int{0, 1} {
		hearing(t, func(t *testing.T, e *ears) {
			end := beating(t, e)
			defer end()
			set := wire.Message{Kind: wire.MessageSet, Key: "k", Version: version(there, 2)}
			e.batch(set, set)
			e.seq += uint64(lost)
			e.batch(set, set, set)
			e.jump(0)
			pass(2500 * time.Millisecond)
			if n := e.events.count(core.GapSuspected); n != gaps {
				t.Errorf("%d lost: %d gaps, want %d", lost, n, gaps)
			}
		})
	}
}

func TestReceiver_ABatchOfItsOwnOrFromFarAheadDoesNoHarm(t *testing.T) {
	hearing(t, func(t *testing.T, e *ears) {
		e.local.Write("k", e.entry(1, version(here, 1)))
		sender := e.sender
		e.sender = e.own
		e.batch(wire.Message{Kind: wire.MessageRemove, Key: "k", Version: version(here, 2)})
		e.holds(t, 1, core.Fresh)
		e.sender, e.seq = sender, 0
		ahead := core.Version{Time: e.clock.Wall().Add(time.Hour).UnixMilli(), Node: e.sender.Node(), Op: 1}
		e.batch(wire.Message{Kind: wire.MessageSet, Key: "k", Version: ahead})
		e.holds(t, 1, core.Stale)
		if !e.local.Commit("k", nil, e.entry(2, version(here, 2))) {
			t.Error("the key is fenced off")
		}
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// revalidate is GetOrRefresh with a source that says that nothing was modified, or has v if
// there is no value to compare with.
func revalidate(t *testing.T, c *hybrid.Cache[string], v string, opts ...core.Option) (asked bool) {
	t.Helper()
	got, err := c.GetOrRefresh(t.Context(), "k", func(_ context.Context, l *hybrid.Load[string]) (string, error) {
		asked = true
		if _, ok := l.Stale(); ok {
			return l.NotModified()
		}
		return v, nil
	}, opts...)
	if got != v || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, v)
	}
	synctest.Wait()
	return asked
}

// extending are two nodes that both hold "v" for a minute, with fail-safe.
func extending(t *testing.T, run func(t *testing.T, a, b *hybrid.Cache[string], w *weighed, n *network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		nodes, w := pushers(t, n, 2, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, Tags: []string{"tag"}})
		revalidate(t, nodes[0], "v")
		expectHit(t, nodes[1], "v")
		w.values.Store(0)
		w.headers.Store(0)
		run(t, nodes[0], nodes[1], w, n)
	})
}

func expectReads(t *testing.T, w *weighed, values int64) {
	t.Helper()
	if v, h := w.values.Load(), w.headers.Load(); v != values || h != 0 {
		t.Errorf("%d values and %d headers were read, want %d values", v, h, values)
	}
}

func TestExtend_NotModifiedGivesTheCopiesOfOtherNodesANewLife(t *testing.T) {
	extending(t, func(t *testing.T, a, b *hybrid.Cache[string], w *weighed, _ *network) {
		for range 3 {
			time.Sleep(61 * time.Second) // both copies have come to their end
			if !revalidate(t, a, "v") {
				t.Error("the source was not asked")
			}
			w.values.Store(0)
			w.headers.Store(0)
			expectHit(t, b, "v")
			time.Sleep(58 * time.Second)
			expectHit(t, b, "v")
			expectReads(t, w, 0)
		}
		time.Sleep(3 * time.Second)
		expectMiss(t, b)
	})
}

// A refresh ahead reaches copies that are still fresh.
func TestExtend_AFreshCopyLivesLonger(t *testing.T) {
	extending(t, func(t *testing.T, a, b *hybrid.Cache[string], w *weighed, _ *network) {
		ahead := core.EagerRefresh(0.5)
		time.Sleep(61 * time.Second)
		revalidate(t, a, "v", ahead)
		time.Sleep(40 * time.Second)
		revalidate(t, a, "v", ahead) // starts the refresh
		w.values.Store(0)
		w.headers.Store(0)
		time.Sleep(50 * time.Second)
		expectHit(t, b, "v")
		expectReads(t, w, 0)
	})
}

func TestExtend_AnotherVersionIsInvalidated(t *testing.T) {
	extending(t, func(t *testing.T, a, b *hybrid.Cache[string], w *weighed, n *network) {
		time.Sleep(30 * time.Second)
		n.server.down.Store(true)
		set(t, b, "b's own", core.Without(core.SkipNotify|core.SkipDistributedWrite))
		n.server.down.Store(false)
		time.Sleep(31 * time.Second)
		revalidate(t, a, "v")
		w.values.Store(0)
		expectHit(t, b, "v")
		if w.values.Load() != 1 {
			t.Error("another version was extended")
		}
	})
}

// What was written, expired or removed since is not extended by a message from before.
func TestExtend_ALateMessageExtendsNothingThatIsObsolete(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, a *hybrid.Cache[string]){
		"set":            func(t *testing.T, a *hybrid.Cache[string]) { set(t, a, "newer") },
		"removed":        func(t *testing.T, a *hybrid.Cache[string]) { _, _ = a.Remove(t.Context(), "k") },
		"expired":        func(t *testing.T, a *hybrid.Cache[string]) { _, _ = a.Expire(t.Context(), "k") },
		"removed by tag": func(t *testing.T, a *hybrid.Cache[string]) { _, _ = a.Stack().RemoveByTag(t.Context(), "tag") },
		"expired by tag": func(t *testing.T, a *hybrid.Cache[string]) { _, _ = a.Stack().ExpireByTag(t.Context(), "tag") },
	} {
		t.Run(name, func(t *testing.T) {
			extending(t, func(t *testing.T, a, b *hybrid.Cache[string], _ *weighed, n *network) {
				spy, channel := eavesdrop(t, n)
				time.Sleep(61 * time.Second)
				revalidate(t, a, "v")
				change(t, a)
				synctest.Wait()
				for range 2 {
					for _, msg := range spy.extensions(t) {
						if err := channel.Publish(t.Context(), msg); err != nil {
							t.Fatal(err)
						}
						synctest.Wait()
					}
					if v, ok, err := b.Get(t.Context(), "k"); ok && v != "newer" || err != nil {
						t.Errorf("got %q, %v", v, err)
					}
					time.Sleep(2 * time.Minute) // the fences are gone
				}
			})
		})
	}
}

// Messages that came between and were lost may have said that the copy is obsolete.
func TestExtend_NotWhatMayBeObsolete(t *testing.T) {
	extending(t, func(t *testing.T, a, b *hybrid.Cache[string], w *weighed, n *network) {
		time.Sleep(30 * time.Second)
		// Its memory becomes suspect: messages of a node that nobody knows are missing.
		seal, _ := wire.NewSeal("app", keyOf(1))
		channel := n.bus.Channel(hybrid.Channel("app"))
		stranger := wire.Message{Kind: wire.MessageSet, Node: wire.NodeID{9}, Seq: 7, Key: "v:other"}
		_ = channel.Publish(t.Context(), seal.Close(wire.AppendMessage(nil, stranger)))
		time.Sleep(31 * time.Second)
		revalidate(t, a, "v")
		w.values.Store(0)
		expectHit(t, b, "v")
		if w.values.Load() != 1 {
			t.Error("a copy that was not trusted was extended")
		}
	})
}

// A factory that says so and returns another value tells of a write like any other.
func TestExtend_AnotherValueIsNotTakenForTheSame(t *testing.T) {
	extending(t, func(t *testing.T, a, b *hybrid.Cache[string], _ *weighed, _ *network) {
		time.Sleep(61 * time.Second)
		_, _ = a.GetOrRefresh(t.Context(), "k", func(_ context.Context, l *hybrid.Load[string]) (string, error) {
			v, err := l.NotModified()
			return v + "!", err
		})
		synctest.Wait()
		expectHit(t, b, "v!")
	})
}

// Without keys anybody could prolong lives; then a refresh is told like any write.
func TestExtend_NeedsMessageKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		spy, channel := eavesdrop(t, n)
		node := func() *hybrid.Cache[string] {
			return open[string](t, n.join(core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}))
		}
		a, b := node(), node()
		time.Sleep(5 * time.Second)
		revalidate(t, a, "v")
		expectHit(t, b, "v")
		time.Sleep(61 * time.Second)
		synctest.Wait()
		spy.forget()
		revalidate(t, a, "v")
		last := spy.lastChange(t)
		if last.Kind != wire.MessageSet {
			t.Errorf("told %+v", last)
		}
		expectHit(t, b, "v")
		header, ok := n.header(t)
		if !ok {
			t.Fatal("the server has nothing")
		}
		last.Kind, last.Seq, last.Version.Op = wire.MessageExtend, last.Seq+1, last.Version.Op+1
		last.Value = string(core.AppendHeader(nil, header)) + "what would be a frame"
		_ = channel.Publish(t.Context(), wire.AppendMessage(nil, last))
		synctest.Wait()
		time.Sleep(61 * time.Second)
		expectMiss(t, b)
	})
}

// eavesdrop listens to what the nodes tell each other.
func eavesdrop(t *testing.T, n *network) (*eavesdropper, core.Backplane) {
	t.Helper()
	spy := &eavesdropper{}
	channel := n.bus.Channel(hybrid.Channel("app"))
	listening, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = channel.Subscribe(listening, spy)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	synctest.Wait()
	return spy, channel
}

// lastChange returns the last message about a key, none of which is sealed.
func (e *eavesdropper) lastChange(t *testing.T) (last wire.Message) {
	t.Helper()
	for _, msg := range e.all() {
		if m, err := wire.ParseMessage(msg); err == nil && m.Key != "" {
			last = m
		}
	}
	if last.Key == "" {
		t.Fatal("no change was told")
	}
	return last
}

// extensions returns the extensions that were heard.
func (e *eavesdropper) extensions(t *testing.T) (out [][]byte) {
	t.Helper()
	synctest.Wait()
	seal, _ := wire.NewSeal("app", keyOf(1))
	for _, msg := range e.all() {
		inner, err := seal.Open(bytes.Clone(msg))
		if err != nil {
			t.Fatal(err)
		}
		if m, err := wire.ParseMessage(inner); err == nil && m.Kind == wire.MessageExtend {
			out = append(out, msg)
			if size := len(inner) - len(m.Key); size > 250 || strings.Contains(m.Value, `"v"`) {
				t.Errorf("an extension of %d bytes: %q", size, inner)
			}
		}
	}
	if len(out) == 0 {
		t.Error("no extension was told")
	}
	return out
}

// An authentic extension that makes no sense ends the life of the copy, as a set does.
func TestExtend_WhatMakesNoSenseInvalidates(t *testing.T) {
	extending(t, func(t *testing.T, a, b *hybrid.Cache[string], _ *weighed, n *network) {
		spy, channel := eavesdrop(t, n)
		time.Sleep(61 * time.Second)
		revalidate(t, a, "v")
		seal, _ := wire.NewSeal("app", keyOf(1))
		inner, err := seal.Open(bytes.Clone(spy.extensions(t)[0]))
		m, wrong := wire.ParseMessage(inner)
		if err != nil || wrong != nil {
			t.Fatal(err, wrong)
		}
		good, rejected := m.Value, tally(b, core.MessageRejected)
		var values []string
		for i := range len(good) {
			values = append(values, good[:i+1], good[:i]+string(good[i]^0xff)+good[i+1:])
		}
		values = append(values, good[:len(good)-1]+good, good[core.HeaderSize:])
		for i, value := range values {
			m.Seq, m.Value = m.Seq+1, value
			if value == good {
				continue
			}
			if err := channel.Publish(t.Context(), seal.Close(wire.AppendMessage(nil, m))); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if i == 0 {
				expectHit(t, b, "v") // it is what the server holds, read again
			}
		}
		if rejected.Load() < int64(len(values)/2) {
			t.Errorf("%d of %d were rejected", rejected.Load(), len(values))
		}
		expectHit(t, b, "v")
	})
}

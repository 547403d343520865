// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// The connection breaks when the server has acknowledged a write and before the
// others are told.
func TestSeed_DC6_CutBetweenTheWriteAndItsMessage(t *testing.T) {
	everywhereConnected(t, func(t *testing.T, w world) {
		o := hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}
		a := start(t, w, setting{Options: o, objects: true, apart: true})
		b := start(t, w, setting{Options: o})
		a.spread(t, "k", 1, b)
		b.want(t, "k", 1)
		cut := a.cutOff
		a.spy.afterWrite.Store(&cut)
		_, confirms := w.(redisWorld) // NATS sends without waiting: the others notice the gap
		if outcome := a.set(t, "k", 2); outcome != core.LocalOnly && confirms {
			t.Errorf("a set that nobody was told of says %v", outcome)
		}
		a.spy.afterWrite.Store(nil)
		a.want(t, "k", 2)
		a.net.Restore()
		soon(t, patience, "the write on B", func() bool { return b.has(t, "k", 2) })
		a.want(t, "k", 2)
		start(t, w, setting{}).want(t, "k", 2)
	})
}

// The connection breaks when the server has done the write and before the writer
// knows: it must neither be lost nor, being told again, destroy itself.
func TestSeed_DC6_CutBeforeTheReply(t *testing.T) {
	w := startRedis(t)
	o := hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute, DistributedTimeout: patience}}
	a := start(t, w, setting{Options: o, objects: true})
	b := start(t, w, setting{Options: o})
	a.spread(t, "k", 1, b)
	b.want(t, "k", 1)
	before, _ := w.bytes(t, "app", "k")

	a.net.Delay(700 * time.Millisecond)
	done := make(chan core.Outcome, 1)
	go func() {
		outcome, _ := a.Set(t.Context(), "k", 2)
		done <- outcome
	}()
	soon(t, patience, "the write to be done", func() bool { now, _ := w.bytes(t, "app", "k"); return now != before })
	a.cutOff()
	if outcome := <-done; outcome != core.LocalOnly {
		t.Errorf("a set without a reply says %v", outcome)
	}
	a.want(t, "k", 2)
	a.net.Restore()
	soon(t, patience, "the write on B", func() bool { return b.has(t, "k", 2) })
	start(t, w, setting{}).want(t, "k", 2)
	a.want(t, "k", 2)
}

// A write and its message are one round trip, and atomic: there is nothing between
// them that could be cut.
func TestSeed_DC6_OneRoundTripPerWrite(t *testing.T) {
	w := startRedis(t)
	a, b := pair(t, w, core.EntryOptions{TTL: time.Minute})
	p := listen(t, w)
	a.spread(t, "warm", 1, b) // the server knows the script
	reads, writes := a.spy.reads.Load()+a.spy.headers.Load(), a.spy.writes.Load()
	sent := a.bus.sent.Load()
	p.reset(t)
	a.commit(t, "k", 1)
	if n := a.bus.sent.Load() - sent; n != 0 {
		t.Errorf("a set published %d messages apart from its write, want none", n)
	}
	if n := a.spy.writes.Load() - writes; n != 1 {
		t.Errorf("a set made %d writes, want 1", n)
	}
	if n := a.spy.reads.Load() + a.spy.headers.Load() - reads; n != 0 {
		t.Errorf("a set made %d reads, want none", n)
	}
	if m := p.messages(t, "app"); len(m) != 1 || m[0].Kind != wire.MessageSet {
		t.Errorf("a set sent %v, want one message", m)
	}
}

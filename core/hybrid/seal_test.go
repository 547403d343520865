// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

func keyOf(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

// sealed joins a node with keys.
func sealed(t *testing.T, n *network, keys ...[]byte) *hybrid.Cache[int] {
	t.Helper()
	o := n.join(core.EntryOptions{TTL: time.Hour})
	o.MessageKeys = keys
	return open[int](t, o)
}

// eavesdropper hears and forges what is on the bus.
type eavesdropper struct {
	mu    sync.Mutex
	heard [][]byte
}

func (e *eavesdropper) Joined(bool) {}
func (e *eavesdropper) Message(msg []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(msg) > 0 {
		e.heard = append(e.heard, bytes.Clone(msg))
	}
}

// all returns what was heard, and forget forgets it.
func (e *eavesdropper) all() [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

func (e *eavesdropper) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = nil
}

func TestMessageKeys_NodesWithOneKeyHearEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		// In the middle of a change of keys: one seals with the old, one with the new.
		a, b := sealed(t, n, keyOf(1), keyOf(2)), sealed(t, n, keyOf(2), keyOf(1))
		time.Sleep(5 * time.Second)
		for want := range 3 {
			set(t, a, want)
			synctest.Wait()
			expectHit(t, b, want)
			set(t, b, 10+want)
			synctest.Wait()
			expectHit(t, a, 10+want)
		}
	})
}

// Who has no key, or another one, can neither invalidate nor clear, nor make a
// node believe that it has missed something.
func TestMessageKeys_ForgedMessagesChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := sealed(t, n, keyOf(1))
		time.Sleep(5 * time.Second)
		set(t, c, 7)
		synctest.Wait()
		gets := n.gets.Load()
		rejected, gaps := tally(c, core.MessageRejected), tally(c, core.GapSuspected)
		forger := n.bus.Channel(hybrid.Channel("app"))
		node := wire.NodeID{1, 2, 3}
		other, err := wire.NewSeal("app", keyOf(9))
		if err != nil {
			t.Fatal(err)
		}
		forged := 0
		for kind := wire.MessageSet; kind <= wire.MessageGoodbye; kind++ {
			m := wire.Message{Kind: kind, Node: node, Seq: 1000 * uint64(kind), Version: core.Version{Time: core.MaxTime, Node: node.Node(), Op: 1}, Key: "v:k"}
			if kind >= wire.MessageCleared || kind == wire.MessageHeartbeat {
				m.Key = ""
			}
			msg := wire.AppendMessage(nil, m)
			for _, msg := range [][]byte{msg, other.Close(bytes.Clone(msg))} {
				forged++
				if err := forger.Publish(t.Context(), msg); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(2 * time.Second)
		expectHit(t, c, 7)
		expectCount(t, "rejected messages", rejected, int64(forged))
		expectCount(t, "gaps", gaps, 0)
		expectCount(t, "reads of the server", &n.gets, gets)
	})
}

// Sealed or not: whatever is on the bus, nothing crashes, nothing false is served,
// and soon after memory works as before.
func TestMessages_HostileOnesNeverCrashOrPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 0))
		n := newNetwork(t)
		plain := open[int](t, n.join(core.EntryOptions{TTL: time.Hour}))
		spy := &eavesdropper{}
		listening, stop := context.WithCancel(t.Context())
		defer stop()
		channel := n.bus.Channel(hybrid.Channel("app"))
		go func() { _ = channel.Subscribe(listening, spy) }()
		time.Sleep(5 * time.Second)
		for i := range 3000 {
			set(t, plain, i)
			synctest.Wait()
			heard := spy.all()
			msg := bytes.Clone(heard[rng.IntN(len(heard))])
			switch rng.IntN(4) {
			case 0: // as it was, once more
			case 1:
				msg[rng.IntN(len(msg))] ^= byte(1 + rng.IntN(255))
			case 2:
				msg = msg[:rng.IntN(len(msg))]
			case 3: // changed, and intact
				m, err := wire.ParseMessage(msg)
				if err == nil {
					m.Kind = wire.MessageKind(1 + rng.IntN(12))
					m.Seq, m.Version.Time = rng.Uint64(), rng.Int64N(core.MaxTime)
					rng.Shuffle(len(m.Node), func(i, j int) { m.Node[i], m.Node[j] = m.Node[j], m.Node[i] })
					msg = wire.AppendMessage(nil, m)
				}
			}
			if err := channel.Publish(t.Context(), msg); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if v, ok, err := plain.Get(t.Context(), "k"); ok && v != i || err != nil {
				t.Fatalf("seed %d: after message %d: got %d, %v", seed, i, v, err)
			}
		}
		time.Sleep(10 * time.Second)
		set(t, plain, -1)
		expectHit(t, plain, -1)
	})
}

func TestMessageKeys_BadOnesAreNamedAndNotShown(t *testing.T) {
	o := newNetwork(t).join(core.EntryOptions{})
	o.Name, o.Memory, o.Serializer = "app", new(mapMemory), jsonSerializer{}
	o.MessageKeys = [][]byte{[]byte("hunter2")}
	_, err := hybrid.New(o)
	expectOption(t, err, "Options.MessageKeys")
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v shows the key", err)
	}
	_, err = hybrid.New(hybrid.Options{Memory: new(mapMemory), MessageKeys: [][]byte{keyOf(1)}})
	expectOption(t, err, "Options.MessageKeys")
	if _, ok := errors.AsType[*core.OptionError](err); !ok {
		t.Errorf("got %v", err)
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// hub is a backplane of several nodes.
type hub struct {
	bus
	mu    sync.Mutex // held while nodes hear a message: each hears one at a time
	nodes []core.Subscriber
}

func (b *hub) Publish(ctx context.Context, msg []byte) error {
	if err := b.bus.Publish(ctx, msg); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range b.nodes {
		n.Message(msg)
	}
	return nil
}

// told returns how often a new mark of everything was told.
func (b *hub) told() (n int) {
	for _, m := range b.all() {
		if m.Kind == wire.MessageClearedSoft {
			n++
		}
	}
	return n
}

// join adds a node with marks on the server of n.
func (b *hub) join(t *testing.T, n *node) (e *ears, m *coherence.Marks) {
	t.Helper()
	e, m = newEars(b), marksOf(n)
	b.mu.Lock()
	b.nodes = append(b.nodes, e.receiver)
	b.mu.Unlock()
	e.local.Watch(m)
	e.receiver.Joined(false)
	t.Cleanup(beating(t, e))
	return e, m
}

// A server that has lost everything gives the first node that asks a new mark of
// the whole cache. The others would go on under the old one for seconds, and what
// they store would be nothing to the first.
func TestBeat_ANewMarkOfEverythingIsToldToOlderNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, b := newNode(t, true), new(hub)
		_, marks := b.join(t, n)
		_, _ = b.join(t, n)
		time.Sleep(10 * time.Second)
		if told := b.told(); told != 0 {
			t.Errorf("nodes that start together tell each other of their first mark, %d times", told)
		}
		_ = marked(t, marks)
		_ = n.server.Delete(t.Context(), "m:")
		e := marked(t, marks)
		_, other := b.join(t, n)
		_ = marked(t, other)
		time.Sleep(2100 * time.Millisecond)
		if got := marks.Judge(&e); got != coherence.Revoked && got != coherence.Unknown {
			t.Errorf("standing %d of an entry under the mark that was lost", got)
		}
		stands(t, marks, e, coherence.Revoked)
		if told := b.told(); told != 1 {
			t.Errorf("the others were told %d times", told)
		}
	})
}

// A node that knew another mark tells everybody.
func TestBeat_AMarkThatTookThePlaceOfAnotherIsToldToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, b := newNode(t, true), new(hub)
		_, _ = b.join(t, n)
		time.Sleep(10 * time.Second)
		_ = n.server.Delete(t.Context(), "m:")
		time.Sleep(7 * time.Second)
		if told := b.told(); told != 1 {
			t.Errorf("the others were told %d times", told)
		}
	})
}

// While the server is away, the mark of everything is asked for less and less often.
func TestBeat_ReadsBecomeRareWhileTheyFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, true)
		n.server.broken.Store(true)
		_, _ = new(hub).join(t, n)
		time.Sleep(time.Minute)
		if got := n.events.count(core.LayerFailed); got < 10 || got > 25 {
			t.Errorf("%d reads in a minute, want few", got)
		}
		n.server.broken.Store(false)
		time.Sleep(6 * time.Second)
		before := n.events.count(core.LayerFailed)
		time.Sleep(time.Minute)
		if got := n.events.count(core.LayerFailed) - before; got != 0 {
			t.Errorf("%d failures after the server is back", got)
		}
	})
}

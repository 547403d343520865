// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/wire"
)

// change is a write of any kind.
type change struct {
	name string
	kind wire.MessageKind
	do   func(t *testing.T, n *node, opts ...core.Option) (core.Outcome, error)
}

func changes() []change {
	return []change{
		{"Set", wire.MessageSet, func(t *testing.T, n *node, opts ...core.Option) (core.Outcome, error) { return n.set(t, 2, opts...) }},
		{"Remove", wire.MessageRemove, func(t *testing.T, n *node, opts ...core.Option) (core.Outcome, error) {
			return n.writer.Remove(t.Context(), "k", options(opts...))
		}},
		{"Expire", wire.MessageExpire, func(t *testing.T, n *node, opts ...core.Option) (core.Outcome, error) {
			return n.writer.Expire(t.Context(), "k", options(opts...))
		}},
	}
}

// eachChange runs a test for each kind of write, after a first Set of 1.
func eachChange(t *testing.T, f func(t *testing.T, n *node, c change)) {
	t.Helper()
	for _, c := range changes() {
		t.Run(c.name, func(t *testing.T) {
			writing(t, func(t *testing.T, n *node) {
				if _, err := n.set(t, 1); err != nil {
					t.Fatal(err)
				}
				n.bus.messages = nil
				f(t, n, c)
			})
		})
	}
}

// changedIn reports whether memory, or the server, shows the change after a 1.
func (n *node) changedInMemory() bool {
	e, ok := n.memory.Get("k")
	if !ok || e.State(n.clock.Now()) != core.Fresh {
		return true
	}
	v, _ := core.Value[int](e)
	return v == 2
}

func (n *node) changedInServer(t *testing.T) bool {
	found, err := n.shared.Read(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	return string(found.Payload) != "1" || found.Meta.State(n.clock.Now()) != core.Fresh
}

func TestWriter_ChangesMemoryThenTheServerThenTellsTheNodes(t *testing.T) {
	eachChange(t, func(t *testing.T, n *node, c change) {
		n.server.changed = func() {
			if !n.changedInMemory() {
				t.Error("the server is ahead of memory")
			}
			if len(n.bus.all()) != 0 {
				t.Error("the nodes were told before the server had it")
			}
		}
		n.bus.published = func(wire.Message) {
			if !n.changedInServer(t) {
				t.Error("the nodes were told of what the server does not have")
			}
		}
		if outcome, err := c.do(t, n); outcome != core.Committed || err != nil {
			t.Errorf("%v, %v", outcome, err)
		}
		n.told(t, c.kind)
		if n.server.changes.Load() != 2 {
			t.Errorf("the server was changed %d times", n.server.changes.Load())
		}
	})
}

func TestWriter_OneVersionOnAllLevels(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		for i := range 3 {
			if _, err := n.set(t, i); err != nil {
				t.Error(err)
			}
			e, _ := n.memory.Get("k")
			there := n.stored(t, fmt.Sprint(i))
			last := n.bus.all()[i]
			if !e.Version().Same(there.Version) || !e.Version().Same(last.Version) || e.Version().IsZero() {
				t.Errorf("memory %+v, server %+v, message %+v", e.Version(), there.Version, last.Version)
			}
		}
	})
}

func TestWriter_AFailureIsAnEventAndAnErrorOnRequest(t *testing.T) {
	for _, level := range []core.Level{core.LevelDistributed, core.LevelBackplane} {
		t.Run(level.String(), func(t *testing.T) {
			eachChange(t, func(t *testing.T, n *node, c change) {
				n.server.broken.Store(level == core.LevelDistributed)
				n.bus.broken.Store(level == core.LevelBackplane)
				if outcome, err := c.do(t, n); outcome != core.LocalOnly || err != nil {
					t.Errorf("%v, %v", outcome, err)
				}
				outcome, err := c.do(t, n, core.ReturnLayerErrors(true))
				failed, ok := errors.AsType[*core.LayerError](err)
				if outcome != core.LocalOnly || !ok || failed.Level != level || failed.Key != "k" || !errors.Is(err, errBroken) {
					t.Errorf("asked for errors: %v, %v", outcome, err)
				}
				if n.events.count(core.LayerFailed) != 2 {
					t.Errorf("%d events, want 2", n.events.count(core.LayerFailed))
				}
				if !n.changedInMemory() {
					t.Error("memory was not changed")
				}
			})
		})
	}
}

func TestWriter_TellsTheNodesThoughTheServerHasFailed(t *testing.T) {
	eachChange(t, func(t *testing.T, n *node, c change) {
		n.server.broken.Store(true)
		_, _ = c.do(t, n)
		n.told(t, c.kind) // it may have been applied, and memory has changed
	})
}

func TestWriter_PartsAreSkippedIndependently(t *testing.T) {
	parts := []core.Skip{core.SkipMemoryWrite, core.SkipDistributedWrite, core.SkipNotify}
	for row := range 8 {
		var skip core.Skip
		for i, p := range parts {
			if row&(1<<i) != 0 {
				skip |= p
			}
		}
		t.Run(fmt.Sprintf("%03b", row), func(t *testing.T) {
			writing(t, func(t *testing.T, n *node) {
				if outcome, err := n.set(t, 1, core.Without(skip)); outcome != core.Committed || err != nil {
					t.Errorf("%v, %v", outcome, err)
				}
				_, inMemory := n.memory.Get("k")
				if inMemory == skip.Has(core.SkipMemoryWrite) {
					t.Errorf("in memory: %v", inMemory)
				}
				if inServer := n.server.changes.Load() == 1; inServer == skip.Has(core.SkipDistributedWrite) {
					t.Errorf("in the server: %v", inServer)
				}
				if told := len(n.bus.all()) == 1; told == skip.Has(core.SkipNotify) {
					t.Errorf("told: %v", told)
				}
			})
		})
	}
}

func TestWriter_ASetPastMemoryMakesObsoleteWhatIsThere(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_, _ = n.set(t, 1)
		n.server.delay = 100 * time.Millisecond
		_, _ = n.set(t, 2, core.Without(core.SkipMemoryWrite), core.BackgroundWrites(true))
		n.holds(t, 1, core.Stale) // at once, not only when the server has the new one
		if err := n.writer.Order.Close(t.Context()); err != nil {
			t.Error(err)
		}
		n.stored(t, "2")
	})
}

func TestWriter_AValueThatCannotBeEncodedRemovesTheOldOne(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_, _ = n.set(t, 1)
		functions := core.NewCodec[func()](jsonCodec{})
		set := func(opts ...core.Option) (core.Outcome, error) {
			o := options(opts...)
			now := n.clock.Now()
			return n.writer.Set(t.Context(), "k", core.Live(func() {}, o.Meta(now, now)), functions, o)
		}
		if _, err := set(); err != nil {
			t.Errorf("nobody asked for %v", err)
		}
		if found, err := n.shared.Read(t.Context(), "k"); err != nil || found.Payload != nil {
			t.Errorf("the server has %q, %v", found.Payload, err)
		}
		if n.bus.all()[1].Kind != wire.MessageSet {
			t.Errorf("messages %+v", n.bus.all())
		}
		if _, err := set(core.ReturnLayerErrors(true)); !isOp(err, core.OpEncode) {
			t.Errorf("asked for errors: %v", err)
		}
	})
}

func isOp(err error, op core.Op) bool {
	e, ok := errors.AsType[*core.LayerError](err)
	return ok && e.Op == op
}

func TestWriter_InTheBackgroundTakesNoTimeAndKeepsTheOrder(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		n.server.delay = 100 * time.Millisecond
		start := time.Now()
		for i := range 20 {
			if outcome, err := n.set(t, i, core.BackgroundWrites(true)); outcome != core.LocalOnly || err != nil {
				t.Errorf("%v, %v", outcome, err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v", took)
		}
		n.holds(t, 19, core.Fresh)
		if err := n.writer.Order.Close(t.Context()); err != nil {
			t.Error(err)
		}
		n.stored(t, "19")
		if len(n.bus.all()) != 20 {
			t.Errorf("%d messages", len(n.bus.all()))
		}
	})
}

func TestWriter_ACallerThatGivesUpWaitingForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, true)
		n.server.delay = 500 * time.Millisecond
		_, _ = n.set(t, 1, core.BackgroundWrites(true))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		outcome, err := n.writer.Remove(ctx, "k", options(core.ReturnLayerErrors(true)))
		if outcome != core.LocalOnly || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, %v", outcome, err)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("gave up after %v", took)
		}
		n.holdsNothing(t)
	})
}

func TestWriter_WithoutFurtherLevelsEverythingIsCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, true)
		n.writer.Shared, n.writer.Notifier = nil, nil
		for _, c := range changes() {
			if outcome, err := c.do(t, n, core.BackgroundWrites(true)); outcome != core.Committed || err != nil {
				t.Errorf("%s: %v, %v", c.name, outcome, err)
			}
		}
		_, _ = n.set(t, 1)
		e, _ := n.memory.Get("k")
		if !e.Version().IsZero() {
			t.Errorf("a version that nobody else can see: %+v", e.Version())
		}
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// joining is the read of a key whose load began at that time, for rest.
func (n *node) joining(began core.Instant, rest core.Handler) core.Handler {
	loading := func(string) (core.Instant, int, bool) { return began, 1, true }
	return coherence.Distributed(n.shared, n.local, alone, loading)(rest)
}

func (n *node) toLoad(opts ...core.Option) core.Request {
	none := func(context.Context, string) (int, error) { return 0, nil }
	return core.Request{Key: "k", Options: options(opts...), Codec: codec, Factory: core.FactoryFunc(n.clock, none)}
}

func TestJoin_NothingIsReadWhileALoadIsUnderWay(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_, _ = n.set(t, 1)
		n.memory.Clear()
		var got core.Request
		res, err := n.joining(n.clock.Now(), passes(&got))(t.Context(), n.toLoad())
		if err != nil || res.Entry != nil || !got.Unread {
			t.Errorf("%+v, %v; passed on %+v", res, err, got)
		}
	})
}

// Whoever means to join may come too late: then it reads inside of its own flight.
func TestJoin_TheFlightOfWhoCameTooLateReads(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_, _ = n.set(t, 1)
		n.memory.Clear()
		var got core.Request
		inside := coherence.SecondLook(n.shared, n.local)(passes(&got))
		res, err := n.joining(n.clock.Now(), inside)(t.Context(), n.toLoad())
		if err != nil || res.Entry == nil || res.Level != core.LevelDistributed || got.Key != "" {
			t.Errorf("%+v, %v; passed on %q", res, err, got.Key)
		}
	})
}

// But not if it was not to read at all: then it finds out what its result is compared with.
func TestJoin_TheFlightOfWhoSkipsTheReadDoesNotReadEither(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_, _ = n.set(t, 1)
		n.memory.Clear()
		r := n.toLoad(core.Without(core.SkipDistributedReadWhenStale))
		m := r.Options.Meta(n.clock.Now(), n.clock.Now())
		m.Stale, m.Dead = n.clock.Now(), core.Never
		r.Held = core.Live(0, m)
		var got core.Request
		inside := coherence.SecondLook(n.shared, n.local)(passes(&got))
		res, err := n.joining(n.clock.Now(), inside)(t.Context(), r)
		there, _ := n.shared.Seen(t.Context(), "k") // nil if the server only stores
		if err != nil || res.Entry != nil || got.Held != r.Held || (got.Seen == nil) != (there == nil) || got.Unread {
			t.Errorf("%+v, %v; passed on %+v", res, err, got)
		}
	})
}

func TestJoin_WhatMemoryHasByNowIsTheAnswer(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_, _ = n.set(t, 1)
		var got core.Request
		res, err := n.joining(n.clock.Now(), passes(&got))(t.Context(), n.toLoad())
		if err != nil || res.Entry == nil || res.Level != core.LevelMemory || got.Key != "" {
			t.Errorf("%+v, %v; passed on %q", res, err, got.Key)
		}
	})
}

func TestJoin_TheServerIsReadByWhoMustNotJoin(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_, _ = n.set(t, 1)
		n.memory.Clear()
		began := n.clock.Now()
		plain, doubted := n.toLoad(), n.toLoad()
		plain.Factory = nil
		doubted.Held = n.entry(1, core.Version{})
		for name, r := range map[string]core.Request{
			"plain read": plain, "entry in doubt": doubted, "without memory": n.toLoad(core.Without(core.SkipMemoryWrite)),
		} {
			n.memory.Clear()
			res, err := n.joining(began, passes(new(core.Request)))(t.Context(), r)
			if err != nil || res.Entry == nil || res.Level != core.LevelDistributed {
				t.Errorf("%s: %+v, %v", name, res, err)
			}
		}
	})
}

// A load that began before messages may have been lost is not joined.
func TestJoin_NotALoadFromBeforeAGap(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_, _ = n.set(t, 1)
		n.memory.Clear()
		res, err := n.joining(n.clock.Now()-1, passes(new(core.Request)))(t.Context(), n.toLoad())
		if err != nil || res.Entry != nil {
			t.Errorf("before the gap: %+v, %v", res, err)
		}
		n.local.Suspect()
		res, err = n.joining(n.clock.Now()-1, passes(new(core.Request)))(t.Context(), n.toLoad())
		if err != nil || res.Entry == nil || res.Level != core.LevelDistributed {
			t.Errorf("after the gap: %+v, %v", res, err)
		}
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

// source is a factory that can be broken; it counts its calls.
type source struct {
	down  bool
	value int
	calls int
}

func (s *source) load(context.Context, string) (int, error) {
	s.calls++
	if s.down {
		return 0, errBoom
	}
	return s.value, nil
}

// handmade is a read path put together by hand, with memory.
type handmade struct {
	*rig
	source  source
	options core.EntryOptions
	get     core.Handler
}

func newHandmade(r *rig, o core.EntryOptions) *handmade {
	local := coherence.NewLocal(tinyMemory{}, r.clock, nil)
	h := &handmade{rig: r, source: source{value: 1}, options: o}
	h.get = core.Chain(resilience.Origin(r.clock, nil),
		coherence.Memory(local),
		resilience.FailSafe(r.clock, local, r.events),
		coherence.Commit(&coherence.Writer{Local: local, Clock: r.clock}),
	)
	return h
}

func (h *handmade) ask() (v int, stale bool, err error) {
	req := h.rig.ask(h.options, h.source.load)
	req.Codec = core.NewCodec[int](nil)
	res, err := h.get(context.Background(), req)
	if err != nil {
		return 0, false, err
	}
	v, _ = core.Value[int](res.Entry)
	return v, res.Stale, nil
}

// check asks once, d from now.
func (h *handmade) check(t *testing.T, d time.Duration, want int, stale bool, calls int) {
	t.Helper()
	pass(d)
	v, s, err := h.ask()
	if v != want || s != stale || err != nil || h.source.calls != calls {
		t.Fatalf("got %d, stale %v, %v after %d calls; want %d, stale %v after %d calls", v, s, err, h.source.calls, want, stale, calls)
	}
}

func (h *handmade) checkFails(t *testing.T, d time.Duration, calls int) {
	t.Helper()
	pass(d)
	v, _, err := h.ask()
	if !errors.Is(err, errBoom) || h.source.calls != calls {
		t.Fatalf("got %d, %v after %d calls; want the factory's error after %d calls", v, err, h.source.calls, calls)
	}
}

func TestChain_WindowSparesTheFactory(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		h := newHandmade(r, core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour, Throttle: time.Minute})
		h.check(t, 0, 1, false, 1)
		h.source.down = true
		h.check(t, 59*time.Second, 1, false, 1)
		h.check(t, time.Second, 1, true, 2)
		for range 59 {
			h.check(t, time.Second, 1, true, 2)
		}
		h.check(t, time.Second, 1, true, 3)
		h.source = source{value: 2}
		h.check(t, time.Minute, 2, false, 1)
		if n := len(r.took()); n != 2 {
			t.Errorf("%d windows, want 2", n)
		}
	})
}

func TestChain_StaleValueEndsAtItsTime(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		h := newHandmade(r, core.EntryOptions{TTL: time.Minute, StaleTTL: 5 * time.Minute, Throttle: time.Second})
		h.check(t, 0, 1, false, 1)
		h.source.down = true
		pass(time.Minute)
		for i := range 240 {
			h.check(t, 0, 1, true, 2+i)
			pass(time.Second)
		}
		h.checkFails(t, 0, 242)
	})
}

func TestChain_MaxCyclesBoundsTheWindowsInARow(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		h := newHandmade(r, core.EntryOptions{TTL: 10 * time.Second, StaleTTL: time.Hour, Throttle: time.Minute, MaxCycles: 3})
		for range 2 {
			h.source = source{value: 1}
			h.check(t, 0, 1, false, 1)
			h.source.down = true
			pass(10 * time.Second)
			for window := range 3 {
				for range 1000 {
					h.check(t, 0, 1, true, 2+window)
				}
				pass(time.Minute)
			}
			for i := range 5 {
				h.checkFails(t, time.Minute, 5+i)
			}
		}
	})
}

func TestChain_FailSafeRescuesImpatience(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		s := resilience.NewStampede(r.clock, nil, resilience.Limits{})
		defer closeNow(s)
		get := core.Chain(resilience.Origin(r.clock, nil),
			resilience.FailSafe(r.clock, nil, nil), resilience.Timeout(r.clock, nil), s.Stage, resilience.Deadline())
		for _, test := range []struct {
			strict bool
			took   time.Duration
		}{{false, time.Second}, {true, time.Second}} {
			o := limits(0, time.Second)
			o.StrictHardTimeout = test.strict
			req := r.ask(o, slow(time.Minute, 2))
			req.Held = r.stale(1, time.Hour)
			check := stopwatch()
			res, err := get(t.Context(), req)
			check(t, test.took)
			if test.strict {
				checkError(t, res, err, core.ErrFactoryTimeout)
			} else {
				checkValue(t, res, err, 1)
			}
		}
	})
}

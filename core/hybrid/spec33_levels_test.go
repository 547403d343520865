// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

func TestSpec33_Q2_SkippingTheReadDoesNotSkipTheWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := open[int](t, hybrid.Options{Distributed: s, Defaults: core.EntryOptions{TTL: time.Minute}})
		set(t, c, 1, core.Without(core.SkipDistributedRead))
		if !s.holds(t) {
			t.Error("the server has nothing")
		}
	})
}

func TestSpec33_Q7_FailSafeServesNothingThatWasRemovedWithATag(t *testing.T) {
	for name, remove := range map[string]func(s *hybrid.Stack) error{
		"tag":   func(s *hybrid.Stack) error { _, err := s.RemoveByTag(context.Background(), "red"); return err },
		"clear": func(s *hybrid.Stack) error { _, err := s.Clear(context.Background()); return err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := startNodes(t, 2)
				set(t, n.caches[0], 1, core.Tags("red"))
				time.Sleep(time.Hour + time.Second) // expired on both levels, kept for fail-safe
				if err := remove(n.caches[0].Stack()); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
				for _, c := range n.caches {
					expectFailure(t, c, f, errBoom, core.Tags("red"))
				}
			})
		})
	}
}

func TestSpec33_Q10_CancelledReadIsNoFailureOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := open[int](t, hybrid.Options{Distributed: s})
		failures := tally(c, core.LayerFailed)
		s.get.be(500 * time.Millisecond)
		for range 10 {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Millisecond, cancel)
			_, _, _ = c.Get(ctx, "k")
		}
		time.Sleep(time.Minute)
		expectCount(t, "failures", failures, 0)
	})
}

func TestSpec33_Q11_ReadingAMarkInvalidatesNothingElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		set(t, n.caches[0], 1, core.Tags("red"))
		n.want(t, 1, "k", 1)
		time.Sleep(time.Minute) // marks are read again every few seconds
		n.want(t, 1, "k", 1)
		n.gates[0].shut.Store(true)
		n.want(t, 0, "k", 1) // from its memory
		n.gates[0].shut.Store(false)
	})
}

func TestSpec33_Q12_ValueThatCannotBeEncodedIsAnErrorOnlyWhenAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := open[any](t, hybrid.Options{Distributed: s, Defaults: core.EntryOptions{TTL: time.Minute}})
		set[any](t, c, "old")
		failures := tally(c, core.LayerFailed)
		value := any(make(chan int)) // JSON has no channels
		if outcome := set(t, c, value); outcome != core.LocalOnly {
			t.Errorf("set: %v", outcome)
		}
		expectHit(t, c, value)
		expectCount(t, "failures", failures, 1)
		if s.holds(t) {
			t.Error("the server still has the old value")
		}
		if _, err := c.Set(t.Context(), "k", value, core.ReturnLayerErrors(true)); !isLayerError(err, core.OpEncode) {
			t.Errorf("asked for errors, set returns %v", err)
		}
	})
}

// slowReply is a layer whose reads have their answer for a while before they give
// it.
type slowReply struct {
	*localdist.Store
	delay slowness
}

func (s *slowReply) Get(ctx context.Context, key string) ([]byte, bool, error) {
	data, ok, err := s.Store.Get(ctx, key)
	if paused := s.delay.pass(ctx); paused != nil {
		return nil, false, paused
	}
	return data, ok, err
}

func TestSpec33_Q15_ReadThatARemovalOvertookIsStoredNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowReply{Store: hybrid.Must(localdist.New(nil))}
		c := open[int](t, hybrid.Options{Distributed: s, Defaults: core.EntryOptions{TTL: time.Minute}})
		set(t, c, 1, core.Without(core.SkipMemoryWrite))
		s.delay.be(100 * time.Millisecond)
		go func() { _, _, _ = c.Get(t.Context(), "k") }()
		time.Sleep(50 * time.Millisecond)
		s.delay.be(0)
		_, _ = c.Remove(t.Context(), "k")
		time.Sleep(time.Second)
		expectMiss(t, c)
	})
}

func TestSpec33_Q16_TheNewestStaleValueIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := open[int](t, hybrid.Options{Distributed: s, Defaults: core.EntryOptions{TTL: time.Minute, StaleTTL: time.Hour}})
		set(t, c, 1)
		set(t, c, 2, core.Without(core.SkipDistributedWrite))
		time.Sleep(61 * time.Second)
		f := &F[int]{results: []func() (int, error){fails[int](errBoom)}}
		if v, err := c.GetOrSet(t.Context(), "k", f.load); v != 2 || err != nil {
			t.Errorf("%v, %v, want the later write", v, err)
		}
	})
}

func TestSpec33_Q17_LifeInMemoryIsThatOfTheEntryNotOfTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		writer := open[int](t, net.join(core.EntryOptions{TTL: time.Minute, StaleTTL: 5 * time.Minute}))
		reader := open[int](t, net.join(core.EntryOptions{TTL: time.Hour, StaleTTL: time.Hour}))
		synctest.Wait()
		start := time.Now()
		set(t, writer, 1)
		at(start, 50*time.Second)
		expectHit(t, reader, 1)
		at(start, 61*time.Second)
		expectMiss(t, reader)
		at(start, 5*time.Minute-time.Second)
		expectHit(t, reader, 1, core.AllowStale(true))
		at(start, 5*time.Minute+time.Second)
		expectMiss(t, reader, core.AllowStale(true))
	})
}

func TestSpec33_Q20_BackgroundWriteDoesNotEndWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.set.be(time.Second)
		c := open[int](t, hybrid.Options{Distributed: s, Defaults: core.EntryOptions{TTL: time.Minute, DistributedTimeout: 5 * time.Second}})
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := c.Set(ctx, "k", 1, core.BackgroundWrites(true)); err != nil {
			t.Error(err)
		}
		cancel()
		time.Sleep(10 * time.Second)
		if !s.holds(t) {
			t.Error("the server has nothing")
		}
	})
}

// A mark that the server has forgotten, or that ended before its entries, makes
// them invalid: nothing that was removed comes back.
func TestSpec33_Q22_NothingComesBackWhenAMarkHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(t)
		o := net.join(core.EntryOptions{TTL: 100 * 24 * time.Hour})
		o.Pulse = coherence.PulseOptions{Heartbeat: time.Hour, Silence: 3 * time.Hour}
		a := open[int](t, o)
		synctest.Wait()
		set(t, a, 1, core.Tags("red"))
		if _, err := a.Stack().RemoveByTag(t.Context(), "red"); err != nil {
			t.Error(err)
		}
		time.Sleep(40 * 24 * time.Hour)
		late := net.join(core.EntryOptions{TTL: time.Hour})
		expectMiss(t, open[int](t, late))
		expectMiss(t, a)
	})
}

func TestSpec33_Q25_NoTagIsSpecialAndMarksAreNoWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := startNodes(t, 2)
		ctx := t.Context()
		set(t, n.caches[0], 1)
		writes := tally(n.caches[0], core.Written)
		for _, tag := range []string{"*", "!", "\x00", ":1:m:"} {
			_, _ = n.caches[0].Set(ctx, tag, 2, core.Tags(tag))
			if _, err := n.caches[1].Stack().RemoveByTag(ctx, tag); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			n.wantMiss(t, 0, tag)
			n.want(t, 0, "k", 1)
			n.want(t, 1, "k", 1)
		}
		expectCount(t, "events of writes", writes, 4)
	})
}

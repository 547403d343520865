// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// alone is a stage that coalesces nothing.
func alone(next core.Handler) core.Handler { return next }

// read asks the node's stage for the distributed layer; rest is what comes after.
func (n *node) read(ctx context.Context, r core.Request, rest core.Handler) (core.Result, error) {
	r.Key, r.Codec = "k", codec
	if r.Options == nil {
		r.Options = options()
	}
	return coherence.Distributed(n.shared, n.local, alone, nil)(rest)(ctx, r)
}

// passes is the rest of a chain that notes what it got.
func passes(got *core.Request) core.Handler {
	return func(ctx context.Context, r core.Request) (core.Result, error) {
		*got = r
		return core.Result{}, ctx.Err()
	}
}

func TestDistributed_FreshIsTheAnswerAndGoesToMemory(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_, _ = n.set(t, 1)
		n.memory.Clear()
		var got core.Request
		res, err := n.read(t.Context(), core.Request{}, passes(&got))
		if err != nil || res.Entry == nil || res.Level != core.LevelDistributed || got.Key != "" {
			t.Errorf("%+v, %v; passed on %q", res, err, got.Key)
		}
		n.holds(t, 1, core.Fresh)
	})
}

func TestDistributed_StaleGoesOnAsHeldAndKeepsItsWindows(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_, _ = n.set(t, 1)
		time.Sleep(2 * time.Minute)
		held, _ := n.memory.Get("k")
		n.local.Throttle("k", held, n.clock.Now().Add(time.Minute))
		held, _ = n.memory.Get("k")
		var got core.Request
		if _, err := n.read(t.Context(), core.Request{Held: held}, passes(&got)); err != nil {
			t.Error(err)
		}
		if got.Held != held || got.Seen == nil {
			t.Errorf("held %+v, seen %+v", got.Held, got.Seen)
		}
		if e, _ := n.memory.Get("k"); e.Meta().Retry != held.Meta().Retry || e.Meta().Cycles != 1 {
			t.Error("the copy of the server has replaced one that knows its windows")
		}
		n.memory.Clear()
		if _, err := n.read(t.Context(), core.Request{}, passes(&got)); err != nil || got.Held == nil {
			t.Errorf("with nothing in memory: held %+v, %v", got.Held, err)
		}
		n.holds(t, 1, core.Stale)
	})
}

func TestDistributed_AFailureIsAMissUnlessAskedFor(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		n.server.broken.Store(true)
		factory := core.FactoryFunc(n.clock, func(context.Context, string) (int, error) { return 1, nil })
		for _, c := range []struct {
			r      core.Request
			passed bool
		}{
			{core.Request{}, true},
			{core.Request{Options: options(core.ReturnLayerErrors(true))}, false},
			{core.Request{Options: options(core.ReturnLayerErrors(true)), Factory: factory}, true},
		} {
			var got core.Request
			_, err := n.read(t.Context(), c.r, passes(&got))
			if passed := got.Key != ""; passed != c.passed || (err == nil) != passed {
				t.Errorf("%+v: passed on: %v, error %v", c.r, passed, err)
			}
		}
	})
}

// A read may succeed at the very moment at which its caller's context ends. The
// caller then gets what was read, or the end of its context: never neither.
func TestDistributed_TheEndOfTheCallersContextDuringARead(t *testing.T) {
	for _, found := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t, true)
			if found {
				_, _ = n.set(t, 1)
				n.memory.Clear()
			}
			ctx, cancel := context.WithCancel(t.Context())
			ending := func(next core.Handler) core.Handler {
				return func(ctx context.Context, r core.Request) (core.Result, error) {
					res, err := next(ctx, r)
					cancel()
					return res, err
				}
			}
			var got core.Request
			r := core.Request{Key: "k", Options: options(), Codec: codec}
			res, err := coherence.Distributed(n.shared, n.local, ending, nil)(passes(&got))(ctx, r)
			switch {
			case found && (err != nil || res.Entry == nil):
				t.Errorf("found, but got %+v, %v", res, err)
			case !found && !errors.Is(err, context.Canceled):
				t.Errorf("not found, but got %+v, %v", res, err)
			}
		})
	}
}

func TestDistributed_HeldIsReasonNotToWaitLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, true)
		n.server.delay = time.Hour
		o := options(core.DistributedTimeouts(10*time.Millisecond, 100*time.Millisecond))
		for held, want := range map[*core.Entry]time.Duration{
			nil: 100 * time.Millisecond, n.entry(1, core.Version{}): 10 * time.Millisecond,
		} {
			time.Sleep(2 * time.Minute) // what is held is stale by then
			start := time.Now()
			var got core.Request
			if _, err := n.read(t.Context(), core.Request{Options: o, Held: held}, passes(&got)); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); took != want || got.Held != held {
				t.Errorf("took %v, want %v; held %v", took, want, got.Held)
			}
		}
	})
}

// While nobody can be asked, an entry goes on to be the answer for as long as a
// node that hears all messages may take to find out that it does not.
func TestDistributed_WithoutAServerAnEntryIsTrustedForAsLongAsItCanHardlyBeStale(t *testing.T) {
	for _, c := range []struct {
		name    string
		alone   time.Duration
		after   time.Duration
		suspect bool
		want    bool
	}{
		{"heard a moment ago", 0, 4 * time.Second, false, true},
		{"heard too long ago", 0, 5 * time.Second, false, false},
		{"heard not too long ago for this one", 10 * time.Second, 12 * time.Second, false, true},
		{"heard ages ago, but for ever is for ever", core.Forever, 59 * time.Second, false, true},
		{"messages were lost a moment after it was checked", 0, time.Second, true, true},
		{"messages were lost too long ago", 0, 3 * time.Second, true, false},
		{"messages were lost, but for ever is for ever", core.Forever, 59 * time.Second, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			writing(t, func(t *testing.T, n *node) {
				receiver := coherence.NewReceiver(n.local, n.writer.Versions, n.writer.Notifier, coherence.PulseOptions{AloneTTL: c.alone}, nil)
				receiver.Joined(false)
				_, _ = n.set(t, 1)
				held, _ := n.memory.Get("k")
				n.server.broken.Store(true)
				time.Sleep(c.after)
				if c.suspect {
					n.local.Suspect()
				}
				var got core.Request
				res, err := n.read(t.Context(), core.Request{Held: held}, passes(&got))
				if err != nil || (res.Entry == held) != c.want {
					t.Errorf("%+v, %v; passed on %q", res, err, got.Key)
				}
			})
		})
	}
}

func TestDistributed_ASuspectEntryIsRevalidatedByItsHeader(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		_, _ = n.set(t, 1)
		time.Sleep(time.Second)
		n.local.Suspect()
		held, _ := n.memory.Get("k")
		var got core.Request
		res, err := n.read(t.Context(), core.Request{Held: held}, passes(&got))
		if err != nil || res.Entry == nil || got.Key != "" {
			t.Errorf("%+v, %v; passed on %q", res, err, got.Key)
		}
		if n.judge(core.EntryOptions{}) != coherence.Serve {
			t.Error("not trusted after all")
		}
	})
}

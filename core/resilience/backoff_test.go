// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

// backoffRig is a back-off around a factory that fails, fast.
type backoffRig struct {
	*rig
	*resilience.Backoff
	source source
	get    core.Handler
}

func newBackoffRig(r *rig, inside ...core.Stage) *backoffRig {
	b := &backoffRig{rig: r, Backoff: resilience.NewBackoff(r.clock), source: source{down: true, value: 1}}
	b.get = core.Chain(resilience.Origin(r.clock, nil), append([]core.Stage{b.Stage}, inside...)...)
	return b
}

var backingOff = core.EntryOptions{TTL: time.Minute, ErrorBackoff: time.Second}

func (b *backoffRig) check(t *testing.T, want error, calls int) {
	t.Helper()
	res, err := b.get(t.Context(), b.ask(backingOff, b.source.load))
	if want == nil {
		checkValue(t, res, err, 1)
	} else {
		checkError(t, res, err, want)
	}
	if b.source.calls != calls {
		t.Fatalf("%d calls of the factory, want %d", b.source.calls, calls)
	}
}

func TestBackoff_SparesAFactoryThatHasFailed(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		b.check(t, errBoom, 1)
		pass(999 * time.Millisecond)
		b.check(t, errBoom, 1)
		pass(time.Millisecond)
		b.check(t, errBoom, 2) // the window does not get longer by being hit
		b.source.down = false
		pass(time.Second)
		b.check(t, nil, 3)
		b.check(t, nil, 4)
		if n := b.Len(); n != 0 {
			t.Errorf("%d windows after a success", n)
		}
	})
}

func TestBackoff_GivesAllTheSameError(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		_, first := b.get(t.Context(), b.ask(backingOff, b.source.load))
		_, second := b.get(t.Context(), b.ask(backingOff, b.source.load))
		if first != second {
			t.Errorf("%v and %v", first, second)
		}
	})
}

func TestBackoff_IsOffByDefaultAndForPlainReads(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		for i := range 3 {
			_, err := b.get(t.Context(), b.ask(core.EntryOptions{}, b.source.load))
			if !errors.Is(err, errBoom) || b.source.calls != i+1 || b.Len() != 0 {
				t.Errorf("got %v after %d calls; %d windows", err, b.source.calls, b.Len())
			}
		}
		b.check(t, errBoom, 4)
		if res, err := b.get(t.Context(), b.ask(backingOff, nil)); err != nil {
			t.Errorf("plain read: %v, %v", res, err)
		}
		if _, err := b.get(t.Context(), b.ask(core.EntryOptions{}, b.source.load)); err == nil || b.source.calls != 5 {
			t.Error("a caller without the option was refused")
		}
	})
}

func TestBackoff_KeysAreIndependent(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		b.check(t, errBoom, 1)
		other := b.ask(backingOff, b.source.load)
		other.Key = "other"
		if _, err := b.get(t.Context(), other); err == nil || b.source.calls != 2 {
			t.Errorf("got %v after %d calls", err, b.source.calls)
		}
	})
}

func TestBackoff_WritesEndTheWindow(t *testing.T) {
	for name, revoke := range map[string]func(*backoffRig){
		"key": func(b *backoffRig) { b.Revoke("k") },
		"all": func(b *backoffRig) { b.RevokeAll() },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				b := newBackoffRig(r)
				b.check(t, errBoom, 1)
				revoke(b)
				b.check(t, errBoom, 2)
				b.check(t, errBoom, 2)
			})
		})
	}
}

func TestBackoff_WriteDuringTheAttemptLeavesItWithoutAWindow(t *testing.T) {
	for name, revoke := range map[string]func(*backoffRig){
		"key": func(b *backoffRig) { b.Revoke("k") },
		"all": func(b *backoffRig) { b.RevokeAll() },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				b := newBackoffRig(r)
				f := func(context.Context, string) (int, error) { revoke(b); return 0, errBoom }
				_, err := b.get(t.Context(), b.ask(backingOff, f))
				if !errors.Is(err, errBoom) || b.Len() != 0 {
					t.Errorf("got %v, %d windows", err, b.Len())
				}
				b.check(t, errBoom, 1)
				b.check(t, errBoom, 1)
			})
		})
	}
}

func TestBackoff_SuccessMeanwhileOutweighsAnOlderFailure(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		slowFailure := func(context.Context, string) (int, error) { pass(2 * time.Second); return 0, errBoom }
		var older sync.WaitGroup
		older.Go(func() { _, _ = b.get(t.Context(), b.ask(backingOff, slowFailure)) })
		pass(time.Second)
		b.source.down = false
		b.check(t, nil, 1)
		older.Wait()
		b.check(t, nil, 2)
	})
}

func TestBackoff_CountsOnlyWhatTheFactoryDid(t *testing.T) {
	for _, foreign := range []error{core.ErrOverload, core.ErrClosed, core.ErrRecursiveLoad} {
		bubble(t, func(t *testing.T, r *rig) {
			b := newBackoffRig(r, func(core.Handler) core.Handler {
				return func(context.Context, core.Request) (core.Result, error) {
					return core.Result{}, fmt.Errorf("inside: %w", foreign)
				}
			})
			b.check(t, foreign, 0)
			if n := b.Len(); n != 0 {
				t.Errorf("%v opened a window", foreign)
			}
		})
	}
	for name, f := range map[string]func(context.Context, string) (int, error){
		"panic":    func(context.Context, string) (int, error) { panic("x") },
		"answer":   func(context.Context, string) (int, error) { return 0, core.NoFailSafe(errBoom) },
		"deadline": func(context.Context, string) (int, error) { return 0, context.DeadlineExceeded },
	} {
		bubble(t, func(t *testing.T, r *rig) {
			b := newBackoffRig(r)
			if _, err := b.get(t.Context(), b.ask(backingOff, f)); err == nil || b.Len() != 1 {
				t.Errorf("%s: got %v, %d windows", name, err, b.Len())
			}
		})
	}
}

func TestBackoff_LeavingCallerOpensNoWindow(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := b.get(ctx, b.ask(backingOff, slow(time.Minute, 1)))
		if !errors.Is(err, context.DeadlineExceeded) || b.Len() != 0 {
			t.Errorf("got %v, %d windows", err, b.Len())
		}
	})
}

func TestBackoff_OneOfTwoCallersLeaves(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var leaves sync.WaitGroup
		leaves.Go(func() { _, _ = b.get(ctx, b.ask(backingOff, slow(time.Minute, 1))) })
		f := func(context.Context, string) (int, error) { pass(2 * time.Second); return 0, errBoom }
		if _, err := b.get(t.Context(), b.ask(backingOff, f)); !errors.Is(err, errBoom) || b.Len() != 1 {
			t.Errorf("got %v, %d windows", err, b.Len())
		}
		leaves.Wait()
	})
}

func TestBackoff_LeavesTheThrottlingToFailSafe(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		o := failSafe
		o.ErrorBackoff, o.MaxCycles = time.Second, 3
		req := b.ask(o, b.source.load)
		req.Held = r.stale(1, time.Hour)
		if _, err := b.get(t.Context(), req); !errors.Is(err, errBoom) || b.Len() != 0 {
			t.Errorf("with a stale entry: got %v, %d windows", err, b.Len())
		}
		req.Held = inCycle(req.Held, 3)
		if _, err := b.get(t.Context(), req); !errors.Is(err, errBoom) || b.Len() != 1 {
			t.Errorf("with one that may not be served any more: got %v, %d windows", err, b.Len())
		}
	})
}

func TestBackoff_SurvivesAFactoryThatExits(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		var exits sync.WaitGroup
		exits.Go(func() {
			f := func(context.Context, string) (int, error) { runtime.Goexit(); return 0, nil }
			_, _ = b.get(context.Background(), b.ask(backingOff, f))
		})
		exits.Wait()
		b.check(t, errBoom, 1)
		b.check(t, errBoom, 1)
	})
}

func TestBackoff_IsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		const most = 4096
		fill := func(prefix string) {
			for i := range 5 * most {
				req := b.ask(backingOff, b.source.load)
				req.Key = fmt.Sprint(prefix, i)
				_, _ = b.get(t.Context(), req)
			}
		}
		fill("a")
		if n := b.Len(); n > most || n < most/2 {
			t.Errorf("%d windows, want at most %d", n, most)
		}
		b.check(t, errBoom, 5*most+1)
		b.check(t, errBoom, 5*most+1) // the latest is remembered
		pass(time.Second)
		fill("b")
		if n := b.Len(); n > most {
			t.Errorf("%d windows, want at most %d", n, most)
		}
	})
}

func TestBackoff_Stress(t *testing.T) {
	clock := core.NewMonotonic(nil)
	b := resilience.NewBackoff(clock)
	get := core.Chain(resilience.Origin(clock, nil), b.Stage)
	o := core.EntryOptions{ErrorBackoff: time.Microsecond}
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 2000 {
				req := core.Request{Key: fmt.Sprint(i % 3), Options: &o, Factory: core.FactoryFunc(clock, failing)}
				if i%2 == 0 {
					req.Factory = core.FactoryFunc(clock, slow(0, 1))
				}
				_, _ = get(context.Background(), req)
				switch (i + g) % 50 {
				case 0:
					b.Revoke(req.Key)
				case 1:
					b.RevokeAll()
				}
			}
		})
	}
	all.Wait()
	b.RevokeAll()
	if n := b.Len(); n != 0 {
		t.Errorf("%d windows left", n)
	}
}

func TestBackoff_LeavesNoAttemptBehind(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		b := newBackoffRig(r)
		fail := func(core.Handler) core.Handler {
			return func(ctx context.Context, q core.Request) (core.Result, error) {
				pass(time.Duration(len(q.Key)) * time.Millisecond)
				if len(q.Key)%2 == 0 {
					runtime.Goexit()
				}
				return core.Result{}, errBoom
			}
		}
		get := b.Stage(fail(nil))
		var callers sync.WaitGroup
		for i := range 100 {
			callers.Go(func() {
				q := b.ask(backingOff, b.source.load)
				q.Key = "keys"[:1+i%4]
				_, _ = get(t.Context(), q)
			})
		}
		pass(time.Millisecond)
		b.Revoke("keys")
		b.RevokeAll()
		callers.Wait()
		if n := b.Attempts(); n != 0 {
			t.Errorf("%d attempts are left", n)
		}
	})
}

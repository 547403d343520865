// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

// due is when the state machine lets a probe through: after the pause.
const due = breaker.DefaultOpenFor + time.Nanosecond

func TestProbe_OneAtATimeAmongManyCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.open()
		time.Sleep(due)
		release := make(chan struct{})
		r.server.answers(deafUntil(release))
		before := r.server.calls.Load()
		errs := make(chan error, 100)
		for range cap(errs) {
			go func() { errs <- r.get() }()
		}
		synctest.Wait()
		r.wantState(breaker.HalfOpen)
		r.wantCalls(before + 1)
		if len(errs) != cap(errs)-1 {
			t.Errorf("%d calls returned while the probe was under way, want all others", len(errs))
		}
		for range len(errs) {
			if err := <-errs; !errors.Is(err, breaker.ErrOpen) {
				t.Errorf("got %v, want %v", err, breaker.ErrOpen)
			}
		}
		close(release)
		if err := <-errs; err != nil {
			t.Errorf("the probe: %v", err)
		}
		r.wantState(breaker.Closed)
		r.wantChanges("closed -> open", "open -> half-open", "half-open -> closed")
	})
}

func TestProbe_FailureOpensAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.open()
		time.Sleep(due)
		if err := r.get(); !errors.Is(err, errDown) {
			t.Errorf("the probe: got %v, want %v", err, errDown)
		}
		r.wantState(breaker.Open)
		if err := r.get(); !errors.Is(err, breaker.ErrOpen) {
			t.Errorf("after the probe: got %v, want %v", err, breaker.ErrOpen)
		}
	})
}

// A layer that stays down is asked twice a second, whatever the traffic, and
// one that comes back is in use again within one pause.
func TestProbe_RateWhileFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.open()
		before := r.server.calls.Load()
		for range 10_000 {
			time.Sleep(time.Millisecond)
			_ = r.get()
		}
		if probes := r.server.calls.Load() - before; probes < 19 || probes > 20 {
			t.Errorf("%d probes in 10 s, want one per %v", probes, breaker.DefaultOpenFor)
		}
		for range 20 {
			r.server.answers(up)
			time.Sleep(due)
			if err := r.get(); err != nil {
				t.Fatalf("after recovery: %v", err)
			}
			r.wantState(breaker.Closed)
			r.open()
		}
	})
}

// The server is up, but one call in it never ends: the layer ignores its context.
func TestProbe_ThatNeverEndsDoesNotHangTheBreaker(t *testing.T) {
	for name, limit := range map[string]time.Duration{"own deadline": 200 * time.Millisecond, "no deadline": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.open()
				time.Sleep(due)
				release := make(chan struct{})
				r.server.answers(deafUntil(release))
				ctx := t.Context()
				if limit > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, limit)
					defer cancel()
				} else {
					limit = breaker.DefaultOpenFor
				}
				ended := make(chan error, 1)
				go func() { ended <- r.layer.Delete(ctx, "k") }()
				synctest.Wait()
				r.server.answers(up)

				time.Sleep(limit - time.Nanosecond)
				if err := r.get(); !errors.Is(err, breaker.ErrOpen) {
					t.Errorf("while the probe has time: got %v, want %v", err, breaker.ErrOpen)
				}
				r.wantState(breaker.HalfOpen)
				time.Sleep(time.Nanosecond)
				if err := r.get(); !errors.Is(err, breaker.ErrOpen) {
					t.Errorf("when its time is over: got %v, want %v", err, breaker.ErrOpen)
				}
				r.wantState(breaker.Open)
				time.Sleep(due)
				if err := r.get(); err != nil {
					t.Errorf("the next probe: %v", err)
				}
				r.wantState(breaker.Closed)

				close(release) // what it brings at last changes nothing
				if err := <-ended; err != nil {
					t.Error(err)
				}
				r.wantChanges("closed -> open", "open -> half-open", "half-open -> open",
					"open -> half-open", "half-open -> closed")
			})
		})
	}
}

func TestProbe_WithoutDeadlineGetsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.open()
		time.Sleep(due)
		r.server.answers(hung)
		start := time.Now()
		if err := r.layer.Delete(t.Context(), "k"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		if took := time.Since(start); took != breaker.DefaultOpenFor {
			t.Errorf("the probe took %v, want %v", took, breaker.DefaultOpenFor)
		}
		r.wantState(breaker.Open)
	})
}

func TestProbe_CancelledGivesItsPlaceBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.open()
		time.Sleep(due)
		r.server.answers(hung)
		for range 6 {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Millisecond, cancel)
			if err := r.layer.Delete(ctx, "k"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want %v", err, context.Canceled)
			}
			r.wantState(breaker.HalfOpen)
		}
		r.server.answers(up)
		if err := r.get(); err != nil {
			t.Error(err)
		}
		r.wantState(breaker.Closed)
	})
}

func TestProbe_PanicAndGoexitAreFailures(t *testing.T) {
	for name, end := range map[string]func(context.Context) error{
		"panic":  func(context.Context) error { panic("broken client") },
		"goexit": func(context.Context) error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.open()
				time.Sleep(due)
				r.server.answers(end)
				r.getApart()
				r.wantState(breaker.Open)
				r.server.answers(up)
				time.Sleep(due)
				if err := r.get(); err != nil {
					t.Error(err)
				}
				r.wantState(breaker.Closed)
			})
		})
	}
}

func TestState_LateResultOfAnEarlierStateIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		release := make(chan struct{})
		r.server.answers(deafUntil(release))
		var slow sync.WaitGroup
		slow.Go(func() { _ = r.get() })
		synctest.Wait()
		r.open()
		close(release)
		slow.Wait()
		r.wantState(breaker.Open)
		if got := r.plugin.State(core.LevelMemory); got != breaker.None {
			t.Errorf("memory has a breaker that is %v", got)
		}
	})
}

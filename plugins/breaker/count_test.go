// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

func TestDistributed_OpensAfterFailuresInARow(t *testing.T) {
	r := newRig(t, &breaker.Options{Distributed: breaker.LayerOptions{Failures: 2}})
	r.server.answers(down)
	for range 10 {
		_ = r.get()
	}
	r.wantCalls(2)
	r.wantState(breaker.Open)
	r.wantChanges("closed -> open")
	ctx := t.Context()
	_, ok, err := r.layer.Get(ctx, "k")
	if ok {
		t.Error("an open breaker found a value")
	}
	for name, err := range map[string]error{
		"Get":    err,
		"Set":    r.layer.Set(ctx, "k", nil, time.Second),
		"Delete": r.layer.Delete(ctx, "k"),
	} {
		if !errors.Is(err, breaker.ErrOpen) || !errors.Is(err, gobreaker.ErrOpenState) {
			t.Errorf("%s: got %v, want an error that matches both ErrOpen and gobreaker.ErrOpenState", name, err)
		}
	}
	if got := r.plugin.State(core.LevelBackplane); got != breaker.Closed {
		t.Errorf("the breaker of the backplane is %v, want closed: each layer has its own", got)
	}
}

func TestBackplane_OpensForPublicationsOnly(t *testing.T) {
	r := newRig(t, nil)
	r.server.answers(down)
	for range 10 {
		_ = r.bus.Publish(t.Context(), []byte("m"))
	}
	r.wantCalls(breaker.DefaultFailures)
	r.wantState(breaker.Closed)
	if err := r.bus.Publish(t.Context(), nil); !errors.Is(err, breaker.ErrOpen) {
		t.Errorf("got %v, want %v", err, breaker.ErrOpen)
	}
	if ev := r.changes[0]; ev.Level != core.LevelBackplane || ev.Stack != "test" || ev.Detail != "closed -> open" {
		t.Errorf("event is %+v", ev)
	}
	ctx, cancel := context.WithCancel(t.Context())
	joined := make(subscriber, 1)
	ended := make(chan error, 1)
	go func() { ended <- r.bus.Subscribe(ctx, joined) }()
	<-joined
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("subscription ended with %v", err)
	}
}

type subscriber chan bool

func (s subscriber) Joined(gapless bool) { s <- gapless }
func (s subscriber) Message([]byte)      {}

func TestDistributed_CancellationNeverCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.server.answers(hung)
		cancelled := func() {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Millisecond, cancel)
			if _, _, err := r.layer.Get(ctx, "k"); !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v, want %v", err, context.Canceled)
			}
		}
		for range 6 {
			cancelled()
		}
		r.wantCalls(6)
		r.wantState(breaker.Closed)

		// Nor is it a success: it does not make failures forgotten.
		for range breaker.DefaultFailures {
			r.server.answers(down)
			_ = r.get()
			r.server.answers(hung)
			if r.plugin.State(core.LevelDistributed) == breaker.Closed {
				cancelled()
			}
		}
		r.wantState(breaker.Open)
	})
}

func TestDistributed_DeadlineCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.server.answers(hung)
		start := time.Now()
		for range 10 {
			_ = r.get()
		}
		r.wantCalls(breaker.DefaultFailures)
		r.wantState(breaker.Open)
		if took := time.Since(start); took != breaker.DefaultFailures*100*time.Millisecond {
			t.Errorf("a hung layer cost %v", took)
		}
	})
}

func TestDistributed_DoneContextIsNoCall(t *testing.T) {
	r := newRig(t, nil)
	r.server.answers(down)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancelLate()
	for _, ctx := range []context.Context{cancelled, late} {
		for range 6 {
			if err := r.layer.Delete(ctx, "k"); !errors.Is(err, ctx.Err()) {
				t.Errorf("got %v, want an error that wraps %v", err, ctx.Err())
			}
		}
	}
	r.wantCalls(0)
	r.wantState(breaker.Closed)
}

func TestDistributed_CallersFaultsDoNotCount(t *testing.T) {
	errRequest := errors.New("wrong kind of value")
	r := newRig(t, &breaker.Options{Distributed: breaker.LayerOptions{
		Ignore: func(err error) bool { return errors.Is(err, errRequest) },
	}})
	for _, fault := range []error{core.ErrTooLarge, core.ErrNoRoom, core.ErrKey, errRequest} {
		r.server.answers(func(context.Context) error { return fmt.Errorf("set: %w", fault) })
		for range 6 {
			if err := r.get(); !errors.Is(err, fault) {
				t.Errorf("got %v, want %v", err, fault)
			}
		}
	}
	r.wantCalls(24)
	r.wantState(breaker.Closed)
}

func TestDistributed_MissIsASuccess(t *testing.T) {
	r := newRig(t, nil)
	for range 4 {
		r.server.answers(down)
		for range breaker.DefaultFailures - 1 {
			_ = r.get()
		}
		r.server.answers(up)
		if err := r.get(); err != nil {
			t.Error(err)
		}
	}
	r.wantState(breaker.Closed)
	r.wantChanges()
}

func TestDistributed_PanicAndGoexitCount(t *testing.T) {
	for name, end := range map[string]func(context.Context) error{
		"panic":  func(context.Context) error { panic("broken client") },
		"goexit": func(context.Context) error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.server.answers(end)
			for range 6 {
				r.getApart()
			}
			r.wantCalls(breaker.DefaultFailures)
			r.wantState(breaker.Open)
		})
	}
}

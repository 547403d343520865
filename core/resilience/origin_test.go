// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

func TestOrigin_ReturnsWhatTheFactoryMakes(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		res, err := resilience.Origin(r.clock, r.events)(t.Context(), r.ask(core.EntryOptions{}, slow(time.Second, 2)))
		checkValue(t, res, err, 2)
		if res.Level != core.LevelFactory || res.Stale {
			t.Errorf("got %v", res)
		}
		if ev := r.checkKinds(t, core.FactorySucceeded)[0]; ev.Took != time.Second || ev.Level != core.LevelFactory {
			t.Errorf("event %v", ev)
		}
	})
}

func TestOrigin_FindsNothingWithoutAFactory(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		res, err := resilience.Origin(r.clock, r.events)(t.Context(), r.ask(core.EntryOptions{}, nil))
		if err != nil || res != (core.Result{}) {
			t.Errorf("got %v, %v", res, err)
		}
		r.checkKinds(t)
	})
}

func TestOrigin_WrapsTheFactorysErrorOnce(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		f := func(context.Context, string) (int, error) {
			pass(time.Second)
			return 0, errBoom
		}
		res, err := resilience.Origin(r.clock, r.events)(t.Context(), r.ask(core.EntryOptions{}, f))
		checkError(t, res, err, errBoom)
		failed, ok := err.(*core.FactoryError)
		if !ok || failed.Key != "k" || failed.Err != errBoom {
			t.Errorf("got %#v", err)
		}
		if ev := r.checkKinds(t, core.FactoryFailed)[0]; ev.Took != time.Second || ev.Err != err || ev.Level != core.LevelFactory {
			t.Errorf("event %v", ev)
		}
	})
}

func TestOrigin_TurnsAPanicIntoAnErrorWithItsStack(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		f := func(context.Context, string) (int, error) { panic("secret") }
		_, err := resilience.Origin(r.clock, r.events)(t.Context(), r.ask(core.EntryOptions{}, f))
		p, ok := errors.AsType[*core.PanicError](err)
		if !ok || p.Value != "secret" || !strings.Contains(string(p.Stack), "TestOrigin_TurnsAPanic") {
			t.Fatalf("got %#v", err)
		}
		if _, ok := errors.AsType[*core.FactoryError](err); !ok || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v", err)
		}
		r.checkKinds(t, core.FactoryFailed)
	})
}

func TestOrigin_RefusesNeitherEntryNorError(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		req := r.ask(core.EntryOptions{}, nil)
		req.Factory = nothing{}
		res, err := resilience.Origin(r.clock, r.events)(t.Context(), req)
		if _, ok := errors.AsType[*core.FactoryError](err); !ok || res != (core.Result{}) {
			t.Errorf("got %v, %v", res, err)
		}
		r.checkKinds(t, core.FactoryFailed)
	})
}

type nothing struct{}

func (nothing) Load(context.Context, core.Request) (*core.Entry, error) { return nil, nil }

func TestOrigin_RecursionIsNotTheFactorysFault(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		f := func(context.Context, string) (int, error) { return 0, fmt.Errorf("b: %w", core.ErrRecursiveLoad) }
		res, err := resilience.Origin(r.clock, nil)(t.Context(), r.ask(core.EntryOptions{}, f))
		checkError(t, res, err, core.ErrRecursiveLoad)
		if _, ok := errors.AsType[*core.FactoryError](err); ok {
			t.Errorf("got %v", err)
		}
	})
}

func TestOrigin_TellsOfAFactoryThatExits(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		f := func(context.Context, string) (int, error) { runtime.Goexit(); return 0, nil }
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = resilience.Origin(r.clock, r.events)(t.Context(), r.ask(core.EntryOptions{}, f))
			t.Error("the factory's exit was stopped")
		}()
		<-ended
		if ev := r.checkKinds(t, core.FactoryFailed)[0]; !errors.Is(ev.Err, core.ErrGoexit) {
			t.Errorf("event with %v", ev.Err)
		}
	})
}

func TestOrigin_TellsWhyTheFactorysContextEnded(t *testing.T) {
	errWhy := errors.New("why")
	for name, end := range map[string]struct {
		context func(context.Context) (context.Context, context.CancelFunc)
		is      []error
	}{
		"cancelled for a reason": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			cancel(errWhy)
			return ctx, func() {}
		}, []error{errWhy, context.Canceled}},
		"cancelled for none": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, []error{context.Canceled}},
		"out of time": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, 0, &core.TimeoutError{})
		}, []error{core.ErrFactoryTimeout, context.DeadlineExceeded}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				ctx, cancel := end.context(t.Context())
				defer cancel()
				f := func(ctx context.Context, _ string) (int, error) { return 0, fmt.Errorf("query: %w", ctx.Err()) }
				res, err := resilience.Origin(r.clock, r.events)(ctx, r.ask(core.EntryOptions{}, f))
				for _, is := range end.is {
					checkError(t, res, err, is)
				}
			})
		})
	}
}

func TestOrigin_TakesNoEndOfContextForWhatIsNone(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		errWhy := errors.New("why")
		ctx, cancel := context.WithCancelCause(t.Context())
		f := func(context.Context, string) (int, error) {
			cancel(errWhy)
			return 0, errBoom
		}
		_, err := resilience.Origin(r.clock, r.events)(ctx, r.ask(core.EntryOptions{}, f))
		if errors.Is(err, errWhy) || !errors.Is(err, errBoom) {
			t.Errorf("got %v", err)
		}
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Origin returns the end of a chain: it calls the request's factory. An error
// becomes a *core.FactoryError, a panic a *core.FactoryError around a
// *core.PanicError. If the factory gave up because its context ended, the error
// tells why that did. A request without a factory is answered with nothing found.
//
// events may be nil.
func Origin(clock core.Clock, events *core.Events) core.Handler {
	return func(ctx context.Context, r core.Request) (core.Result, error) {
		if r.Factory == nil {
			return core.Result{}, nil
		}
		heard := events.Wants(core.FactorySucceeded | core.FactoryFailed)
		var start core.Instant
		if heard {
			start = clock.Now()
		}
		ended := core.Event{Kind: core.FactoryFailed, Key: r.Key, Level: core.LevelFactory, Err: core.ErrGoexit}
		defer func() {
			if heard {
				ended.Took = clock.Now().Sub(start)
				report(events, ended)
			}
		}()
		e, o, err := load(ctx, r)
		if err != nil {
			ended.Err = failed(ctx, r.Key, err)
			if core.Declined(err) {
				ended.Kind = 0 // it has not failed
			}
			return core.Result{}, ended.Err
		}
		ended.Kind, ended.Err = core.FactorySucceeded, nil
		return core.Result{Entry: e, Level: core.LevelFactory, Options: o}, nil
	}
}

func report(events *core.Events, ev core.Event) {
	if events.Wants(ev.Kind) {
		events.Emit(ev)
	}
}

// failed wraps a factory's error once. What the cache itself has to say of the
// factory stays as it is. A factory that only says that its context ended is
// helped out with the reason: a time limit, or the closing of the cache.
func failed(ctx context.Context, key string, err error) error {
	if errors.Is(err, core.ErrRecursiveLoad) {
		return err
	}
	if end := ctx.Err(); end != nil && errors.Is(err, end) {
		if cause := context.Cause(ctx); !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", err, cause)
		}
	}
	return &core.FactoryError{Key: key, Err: err}
}

var errNoEntry = errors.New("returned neither entry nor error")

// load calls the factory and turns a panic into an error. A Goexit passes: the
// flight deals with it.
func load(ctx context.Context, r core.Request) (e *core.Entry, o *core.EntryOptions, err error) {
	defer func() {
		if p := recover(); p != nil {
			e, err = nil, &core.PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	if adaptive, ok := r.Factory.(core.Adaptive); ok {
		e, o, err = adaptive.LoadAdaptive(ctx, r)
	} else {
		e, err = r.Factory.Load(ctx, r)
	}
	if e == nil && err == nil {
		err = errNoEntry
	}
	return e, o, err
}

// limited returns d as a time limit: zero and Forever are none.
func limited(d time.Duration) (time.Duration, bool) {
	return d, d > 0 && d != core.Forever
}

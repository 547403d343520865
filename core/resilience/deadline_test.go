// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/resilience"
)

func TestDeadline_EndsTheFactorysContext(t *testing.T) {
	cancellable := func(t *testing.T) context.Context { return t.Context() }
	endless := func(*testing.T) context.Context { return context.Background() }
	for name, test := range map[string]struct {
		ctx   func(*testing.T) context.Context
		limit time.Duration
		after time.Duration // 0: never
	}{
		"limit":                       {cancellable, time.Second, time.Second},
		"limit, endless caller":       {endless, time.Second, time.Second},
		"default":                     {cancellable, 0, core.DefaultLoadTimeout},
		"default, endless caller":     {endless, 0, 0},
		"no limit":                    {cancellable, core.Forever, 0},
		"no limit and endless caller": {endless, core.Forever, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				var cause error
				f := func(ctx context.Context, key string) (int, error) {
					v, err := slow(forever, 2)(ctx, key)
					cause = context.Cause(ctx)
					return v, err
				}
				get := core.Chain(resilience.Origin(r.clock, nil), resilience.Deadline())
				check := stopwatch()
				res, err := get(test.ctx(t), r.ask(core.EntryOptions{LoadTimeout: test.limit}, f))
				if test.after == 0 {
					checkValue(t, res, err, 2)
					check(t, forever)
					return
				}
				checkError(t, res, err, context.DeadlineExceeded)
				check(t, test.after)
				limit, ok := errors.AsType[*core.TimeoutError](cause)
				if !ok || *limit != (core.TimeoutError{Key: "k", After: test.after}) {
					t.Errorf("cause %#v", cause)
				}
			})
		})
	}
}

func TestDeadline_LeavesAPlainReadAlone(t *testing.T) {
	read := func(ctx context.Context, _ core.Request) (core.Result, error) {
		if _, ok := ctx.Deadline(); ok {
			t.Error("the read has a deadline")
		}
		return core.Result{}, nil
	}
	o := core.EntryOptions{LoadTimeout: time.Second}
	if _, err := core.Chain(read, resilience.Deadline())(t.Context(), core.Request{Key: "k", Options: &o}); err != nil {
		t.Error(err)
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestBudget_EndsAsAContextWithATimeoutDoes(t *testing.T) {
	type value struct{}
	for name, test := range map[string]struct {
		ask  bool // before anything happens
		act  func(b *budget, cancel context.CancelCauseFunc)
		err  error
		over func(cause error) bool
	}{
		"nothing":        {false, func(*budget, context.CancelCauseFunc) {}, nil, func(c error) bool { return c == nil }},
		"asked, nothing": {true, func(*budget, context.CancelCauseFunc) {}, nil, func(c error) bool { return c == nil }},
		"late":           {false, func(*budget, context.CancelCauseFunc) { time.Sleep(time.Second) }, context.DeadlineExceeded, isTimeout},
		"asked, late":    {true, func(*budget, context.CancelCauseFunc) { time.Sleep(time.Second) }, context.DeadlineExceeded, isTimeout},
		"ended":          {false, func(b *budget, _ context.CancelCauseFunc) { b.end() }, context.Canceled, func(c error) bool { return c == context.Canceled }},
		"asked, ended":   {true, func(b *budget, _ context.CancelCauseFunc) { b.end() }, context.Canceled, func(c error) bool { return c == context.Canceled }},
		"parent":         {false, func(_ *budget, end context.CancelCauseFunc) { end(core.ErrClosed) }, context.Canceled, func(c error) bool { return c == core.ErrClosed }},
		"asked, parent":  {true, func(_ *budget, end context.CancelCauseFunc) { end(core.ErrClosed) }, context.Canceled, func(c error) bool { return c == core.ErrClosed }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), value{}, 7))
				defer cancel(nil)
				b := newBudget(parent, "k", time.Second)
				defer b.end()
				child, stop := context.Context(b), context.CancelFunc(func() {})
				if test.ask {
					child, stop = context.WithCancel(b)
				}
				defer stop()
				test.act(b, cancel)
				synctest.Wait()
				if b.Err() != test.err || child.Err() != test.err || !test.over(context.Cause(b)) || !test.over(context.Cause(child)) {
					t.Errorf("ended with %v, its child with %v, because of %v", b.Err(), child.Err(), context.Cause(child))
				}
				select {
				case <-b.Done():
					if test.err == nil {
						t.Error("done, but has not ended")
					}
				default:
					if test.err != nil {
						t.Error("has ended, but is not done")
					}
				}
				if b.Value(value{}) != 7 {
					t.Error("the parent's values are not there")
				}
			})
		})
	}
}

func isTimeout(err error) bool {
	late, ok := errors.AsType[*core.TimeoutError](err)
	return ok && late.Key == "k" && late.After == time.Second
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package lazy

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func TestContext_EndsAsAContextWithATimeoutDoes(t *testing.T) {
	type value struct{}
	for name, test := range map[string]struct {
		ask  bool // before anything happens
		act  func(b *Context, cancel context.CancelCauseFunc)
		err  error
		over func(cause error) bool
	}{
		"nothing":        {false, func(*Context, context.CancelCauseFunc) {}, nil, func(c error) bool { return c == nil }},
		"asked, nothing": {true, func(*Context, context.CancelCauseFunc) {}, nil, func(c error) bool { return c == nil }},
		"late":           {false, func(*Context, context.CancelCauseFunc) { time.Sleep(time.Second) }, context.DeadlineExceeded, isTimeout},
		"asked, late":    {true, func(*Context, context.CancelCauseFunc) { time.Sleep(time.Second) }, context.DeadlineExceeded, isTimeout},
		"ended":          {false, func(b *Context, _ context.CancelCauseFunc) { b.End(nil) }, context.Canceled, func(c error) bool { return c == context.Canceled }},
		"asked, ended":   {true, func(b *Context, _ context.CancelCauseFunc) { b.End(nil) }, context.Canceled, func(c error) bool { return c == context.Canceled }},
		"parent":         {false, func(_ *Context, end context.CancelCauseFunc) { end(core.ErrClosed) }, context.Canceled, func(c error) bool { return c == core.ErrClosed }},
		"asked, parent":  {true, func(_ *Context, end context.CancelCauseFunc) { end(core.ErrClosed) }, context.Canceled, func(c error) bool { return c == core.ErrClosed }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), value{}, 7))
				defer cancel(nil)
				b := new(Context)
				b.InitLimit(parent, core.TimeoutError{Key: "k", After: time.Second})
				defer b.End(nil)
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

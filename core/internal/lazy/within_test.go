// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package lazy_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lazy"
)

var errStopped = errors.New("stopped")

// roots are the kinds of parents, each with what ends it; nil if it cannot end.
func roots(t *testing.T) map[string]func() (context.Context, func()) {
	own := func(init func(c *lazy.Context)) func() (context.Context, func()) {
		return func() (context.Context, func()) {
			c := new(lazy.Context)
			init(c)
			return c, func() { c.End(errStopped) }
		}
	}
	type name struct{}
	parent := context.WithValue(context.WithoutCancel(t.Context()), name{}, "value")
	limit := core.TimeoutError{After: time.Hour}
	return map[string]func() (context.Context, func()){
		"endless":     func() (context.Context, func()) { return parent, nil },
		"lazy":        own(func(c *lazy.Context) { c.Init(parent) }),
		"lazy, asked": own(func(c *lazy.Context) { c.Init(parent); c.Done() }),
		"lazy, timed": own(func(c *lazy.Context) { c.InitLimit(parent, limit) }),
		"cancellable": func() (context.Context, func()) {
			c, end := context.WithCancelCause(parent)
			return c, func() { end(errStopped) }
		},
		"lazy in that": own(func(c *lazy.Context) { p, end := context.WithCancel(parent); t.Cleanup(end); c.Init(p) }),
	}
}

// ended reports whether a context has ended, by all that says so.
func ended(t *testing.T, ctx context.Context) bool {
	t.Helper()
	synctest.Wait()
	closed := false
	select {
	case <-ctx.Done():
		closed = true
	default:
	}
	if closed != (ctx.Err() != nil) || closed != (context.Cause(ctx) != nil) {
		t.Errorf("done: %t, but error %v, cause %v", closed, ctx.Err(), context.Cause(ctx))
	}
	return closed
}

func TestWithin_EndsAsAContextWithATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var timers lazy.Timers
		for kind, root := range roots(t) {
			for _, asked := range []bool{false, true} {
				check := func(what string, end func(parent func(), l lazy.Limited), want error) {
					t.Helper()
					ctx, stop := root()
					if stop == nil && what == "parent" {
						return
					}
					l := timers.Within(ctx, time.Second)
					derived, cancel := context.Context(l.Context), func() {}
					if asked {
						derived, cancel = context.WithCancel(l.Context)
						if ended(t, l.Context) || ended(t, derived) {
							t.Errorf("%s, %s: has ended before", kind, what)
						}
					}
					end(stop, l)
					cause := want
					if ctx.Err() != nil {
						cause = context.Cause(ctx)
					}
					for _, c := range []context.Context{l.Context, derived} {
						if !ended(t, c) || !errors.Is(c.Err(), want) || context.Cause(c) != cause {
							t.Errorf("%s, %s, asked %t: %v, %v, want %v, %v", kind, what, asked, c.Err(), context.Cause(c), want, cause)
						}
					}
					cancel()
					l.End()
					if stop != nil {
						stop()
					}
				}
				check("time", func(func(), lazy.Limited) { time.Sleep(time.Second) }, context.DeadlineExceeded)
				check("end", func(_ func(), l lazy.Limited) { l.End() }, context.Canceled)
				check("parent", func(stop func(), _ lazy.Limited) { stop() }, context.Canceled)
			}
		}
	})
}

func TestWithin_KeepsTheEarlierDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var timers lazy.Timers
		root := new(lazy.Context)
		root.InitLimit(context.WithoutCancel(t.Context()), core.TimeoutError{After: time.Second})
		defer root.End(nil)
		l := timers.Within(root, time.Minute)
		defer l.End()
		if end, ok := l.Deadline(); !ok || time.Until(end) != time.Second {
			t.Errorf("ends in %v, %t", time.Until(end), ok)
		}
		began := time.Now()
		<-l.Done()
		if took := time.Since(began); took != time.Second {
			t.Errorf("ended after %v", took)
		}
	})
}

func TestWithin_AnAlarmIsUsedAgainForTheRightContext(t *testing.T) {
	var timers lazy.Timers
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 2000 {
				patience := time.Hour
				if i%4 == 0 {
					patience = time.Duration(i%7) * 10 * time.Microsecond
				}
				l := timers.Within(context.Background(), patience)
				if i%4 == 0 && i%3 == 0 {
					<-l.Done()
				}
				_ = l.Done()
				if patience == time.Hour && l.Err() != nil {
					t.Errorf("%v, with an hour left", l.Err())
				}
				l.End()
				if _, open := <-l.Done(); open || l.Err() == nil {
					t.Error("has not ended")
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkWithin(b *testing.B) {
	b.Run("Within", func(b *testing.B) {
		var timers lazy.Timers
		b.ReportAllocs()
		for b.Loop() {
			l := timers.Within(context.Background(), time.Hour)
			_ = l.Done()
			l.End()
		}
	})
	b.Run("context.WithTimeout", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			_ = ctx.Done()
			cancel()
		}
	})
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package otelplug_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/contrib/otelplug"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// traced is a stack in virtual time that records its spans.
type traced struct {
	*hybrid.Cache[string]
	spans  *tracetest.SpanRecorder
	tracer trace.Tracer
}

func inBubble(t *testing.T, sampler sdktrace.Sampler, test func(t *testing.T, c *traced)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &traced{spans: tracetest.NewSpanRecorder()}
		tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(c.spans), sdktrace.WithSampler(sampler))
		c.tracer = tracers.Tracer("test")
		stack := hybrid.Must(hybrid.New(hybrid.Options{
			Memory:   hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: 1000})),
			Plugins:  []core.Plugin{otelplug.New(&otelplug.Options{Tracers: tracers})},
			Defaults: core.EntryOptions{TTL: time.Minute},
		}))
		defer stack.Close(t.Context())
		c.Cache = hybrid.Must(hybrid.Of[string](stack, "text"))
		test(t, c)
	})
}

// ask has a caller in a trace of its own ask for key; the load takes d.
func (c *traced) ask(ctx context.Context, key string, d time.Duration, err error, opts ...core.Option) {
	ctx, span := c.tracer.Start(ctx, "caller")
	defer span.End()
	_, _ = c.GetOrSet(ctx, key, func(context.Context, string) (string, error) {
		time.Sleep(d)
		return "v", err
	}, opts...)
}

// crowd has n callers ask for key at once.
func (c *traced) crowd(ctx context.Context, n int, key string, err error) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() { c.ask(ctx, key, time.Second, err) })
	}
	all.Wait()
}

// links returns how many reads have a link, all of which must be to a load of another
// trace, and how many loads there were.
func (c *traced) links(t *testing.T) (linked, loads int) {
	t.Helper()
	loadsOf := map[trace.SpanID]trace.TraceID{}
	for _, span := range c.spans.Ended() {
		if span.Name() == "cache load" {
			loadsOf[span.SpanContext().SpanID()] = span.SpanContext().TraceID()
		}
	}
	for _, span := range c.spans.Ended() {
		for _, link := range span.Links() {
			linked++
			in, ok := loadsOf[link.SpanContext.SpanID()]
			if !ok || in != link.SpanContext.TraceID() || in == span.SpanContext().TraceID() || span.Name() != "cache read" {
				t.Errorf("%q has a link to %v", span.Name(), link.SpanContext)
			}
		}
	}
	return linked, len(loadsOf)
}

func (c *traced) check(t *testing.T, linked, loads int) {
	t.Helper()
	synctest.Wait()
	if l, n := c.links(t); l != linked || n != loads {
		t.Errorf("%d links and %d loads, want %d and %d", l, n, linked, loads)
	}
}

func TestLinks_WhoWaitsForTheLoadOfAnotherHasALinkToIt(t *testing.T) {
	for _, err := range []error{nil, errors.New("boom")} {
		inBubble(t, sdktrace.AlwaysSample(), func(t *testing.T, c *traced) {
			c.crowd(t.Context(), 10, "k", err)
			c.check(t, 9, 1)
			c.crowd(context.Background(), 10, "other", err)
			c.check(t, 18, 2)
		})
	}
}

func TestLinks_WhoComesLateHasOneToo(t *testing.T) {
	inBubble(t, sdktrace.AlwaysSample(), func(t *testing.T, c *traced) {
		go c.ask(t.Context(), "k", 10*time.Second, nil)
		time.Sleep(5 * time.Second)
		c.ask(t.Context(), "k", 0, nil)
		c.check(t, 1, 1)
	})
}

func TestLinks_WhoLeavesBeforeTheEndHasOne(t *testing.T) {
	inBubble(t, sdktrace.AlwaysSample(), func(t *testing.T, c *traced) {
		go c.ask(t.Context(), "k", 10*time.Second, nil)
		synctest.Wait()
		c.ask(t.Context(), "k", 0, nil, core.HardTimeout(time.Second))
		time.Sleep(10 * time.Second)
		c.check(t, 1, 1)
	})
}

func TestLinks_ALoadThatItsCallerHasLeftIsLinkedTo(t *testing.T) {
	inBubble(t, sdktrace.AlwaysSample(), func(t *testing.T, c *traced) {
		c.ask(t.Context(), "k", 10*time.Second, nil, core.HardTimeout(time.Second))
		c.ask(t.Context(), "k", 0, nil)
		c.check(t, 1, 1)
	})
}

func TestLinks_WhoLoadsOrReadsAloneHasNone(t *testing.T) {
	inBubble(t, sdktrace.AlwaysSample(), func(t *testing.T, c *traced) {
		c.ask(t.Context(), "k", time.Second, nil)
		c.ask(t.Context(), "k", time.Second, nil)
		time.Sleep(2 * time.Minute)
		c.ask(t.Context(), "k", time.Second, nil)
		go c.ask(t.Context(), "k2", time.Second, nil)
		c.ask(t.Context(), "k3", time.Second, nil)
		_, _, _ = c.Get(t.Context(), "k2")
		c.check(t, 0, 4)
	})
}

func TestLinks_OneLoadAfterAnother(t *testing.T) {
	inBubble(t, sdktrace.AlwaysSample(), func(t *testing.T, c *traced) {
		for range 3 {
			c.crowd(t.Context(), 5, "k", errors.New("boom"))
		}
		c.check(t, 12, 3)
	})
}

func TestLinks_NoneWhereNothingIsRecorded(t *testing.T) {
	inBubble(t, sdktrace.NeverSample(), func(t *testing.T, c *traced) {
		c.crowd(t.Context(), 10, "k", nil)
		c.check(t, 0, 0)
	})
}

func TestLinks_EachKeyOfABatchHasItsOwn(t *testing.T) {
	inBubble(t, sdktrace.AlwaysSample(), func(t *testing.T, c *traced) {
		go c.ask(t.Context(), "a", 10*time.Second, nil)
		synctest.Wait()
		_, _ = c.GetOrSetMany(t.Context(), []string{"a", "b"}, func(context.Context, []string) (map[string]string, error) {
			return map[string]string{"b": "v"}, nil
		})
		c.check(t, 1, 2)
	})
}

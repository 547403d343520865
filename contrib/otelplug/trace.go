// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package otelplug

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/fusioncache-go/fusioncache/core"
)

type tracer struct {
	tracer     trace.Tracer
	attributes []attribute.KeyValue
	keys       bool
}

// start begins a span; end ends it with the error of what it is around. The text
// of the error is not in it: that may name the key.
func (t *tracer) start(ctx context.Context, name, key string) (_ context.Context, end func(error)) {
	ctx, span := t.tracer.Start(ctx, name, trace.WithAttributes(t.attributes...))
	if t.keys && key != "" {
		span.SetAttributes(attribute.String("cache.key", key))
	}
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, errorType(err))
			span.SetAttributes(attribute.String("error.type", errorType(err)))
		}
		span.End()
	}
}

// stage returns the stage inside, around which there is a span with the outcome.
func (t *tracer) stage(name string, inside core.Stage) core.Stage {
	return func(next core.Handler) core.Handler {
		next = inside(next)
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			ctx, end := t.start(ctx, name, r.Key)
			span := trace.SpanFromContext(ctx)
			returned := false
			defer func() {
				if !returned { // the factory has panicked, which is for others to report
					end(core.ErrGoexit)
				}
			}()
			res, err := next(ctx, r)
			returned = true
			if err == nil {
				span.SetAttributes(attribute.String("cache.level", res.Level.String()), attribute.Bool("cache.stale", res.Stale),
					attribute.Bool("cache.found", res.Entry != nil))
			}
			end(err)
			return res, err
		}
	}
}

// errorType is a word for an error, of which there are few.
func errorType(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, core.ErrOverload):
		return "overload"
	case errors.Is(err, core.ErrClosed):
		return "closed"
	}
	return "other"
}

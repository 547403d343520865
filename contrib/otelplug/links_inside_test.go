// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package otelplug

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/fusioncache-go/fusioncache/core"
)

// Whatever way reads and loads end, nothing is kept of them.
func TestLinks_NothingIsLeft(t *testing.T) {
	l, tracer := newLinks(), sdktrace.NewTracerProvider().Tracer("test")
	end := func(context.Context, core.Request) (core.Result, error) {
		switch rand.N(4) {
		case 0:
			panic("x")
		case 1:
			runtime.Goexit()
		case 2:
			return core.Result{}, errors.New("boom")
		}
		return core.Result{Level: core.LevelFactory}, nil
	}
	get := core.Chain(end, l.reading, l.loading)
	var all sync.WaitGroup
	for i := range 400 {
		all.Go(func() {
			defer func() { _ = recover() }()
			ctx, span := tracer.Start(t.Context(), "read")
			defer span.End()
			_, _ = get(ctx, core.Request{Key: "keys"[:i%4], Factory: core.FactoryFunc(nil, func(context.Context, string) (int, error) { return 0, nil })})
		})
	}
	all.Wait()
	if len(l.keys) != 0 {
		t.Errorf("%d keys are left", len(l.keys))
	}
}

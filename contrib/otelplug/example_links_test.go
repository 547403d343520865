// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package otelplug_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/contrib/otelplug"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// Two callers miss the same key at once. One load serves both: it is in the trace of the
// first, and the read of the second has a link to it.
func Example_links() {
	spans := tracetest.NewSpanRecorder()
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Memory:  hybrid.Must(ottermem.New(nil)),
		Plugins: []core.Plugin{otelplug.New(&otelplug.Options{Tracers: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))})},
	}))
	defer stack.Close(context.Background())
	prices := hybrid.Must(hybrid.Of[int](stack, "price"))

	begun, both := make(chan struct{}), make(chan struct{})
	ask := func() {
		_, _ = prices.GetOrSet(context.Background(), "lamp", func(context.Context, string) (int, error) {
			close(begun)
			<-both
			return 1995, nil
		})
	}
	var callers sync.WaitGroup
	callers.Go(ask)
	<-begun
	callers.Go(ask)
	for waiting := 0; waiting < 2; runtime.Gosched() {
		x, _ := prices.Explain(context.Background(), "lamp")
		waiting = x.Load.Waiting
	}
	close(both)
	callers.Wait()

	for _, span := range spans.Ended() {
		fmt.Println(span.Name(), "with links:", len(span.Links()))
	}
	// Unordered output:
	// cache load with links: 0
	// cache read with links: 0
	// cache read with links: 1
}

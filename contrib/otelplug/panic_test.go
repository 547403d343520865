// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package otelplug_test

import (
	"context"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fusioncache-go/fusioncache/contrib/otelplug"
	"github.com/fusioncache-go/fusioncache/core"
)

// broken is a layer that panics.
type broken struct{ core.DistributedLayer }

func (broken) Get(context.Context, string) ([]byte, bool, error) { panic("boom") }

func TestSpans_OfACallThatPanicsEnd(t *testing.T) {
	r := &rig{metrics: sdkmetric.NewManualReader(), spans: tracetest.NewSpanRecorder()}
	plugin := otelplug.New(&otelplug.Options{
		Meters:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.metrics)),
		Tracers: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.spans)),
	})
	parts, err := core.Install("shop", core.NewEvents("shop"), []core.Plugin{plugin})
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if v := recover(); v != "boom" {
				t.Errorf("recovered %v", v)
			}
		}()
		_, _, _ = parts.Distributed(broken{}).Get(t.Context(), "k")
	}()
	if n := r.count("cache get"); n != 1 {
		t.Errorf("%d spans have ended, want 1", n)
	}
	if n := r.collect(t)["cache.layer.duration{level=distributed,op=get,error.type=other}"]; n != 1 {
		t.Errorf("%d durations, want 1: %v", n, r.collect(t))
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package otelplug

import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Options of [New]. Nil and the zero value are the defaults.
type Options struct {
	// Tracers gives the tracer. Nil: the global provider.
	Tracers trace.TracerProvider

	// Meters gives the meter. Nil: the global provider.
	Meters metric.MeterProvider

	// Keys puts cache.key on spans. Keys may be personal; they are never on metrics.
	Keys bool

	// Attributes are put on everything.
	Attributes []attribute.KeyValue
}

func (o *Options) withDefaults() Options {
	var opts Options
	if o != nil {
		opts = *o
	}
	if opts.Tracers == nil {
		opts.Tracers = otel.GetTracerProvider()
	}
	if opts.Meters == nil {
		opts.Meters = otel.GetMeterProvider()
	}
	return opts
}

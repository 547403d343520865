// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package otelplug

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/stats"
)

// loadEnded are the events with the time that a factory has taken.
const loadEnded = core.FactorySucceeded | core.FactoryFailed | core.BackgroundSucceeded | core.BackgroundFailed

// meter holds the instruments of one stack.
type meter struct {
	attributes []attribute.KeyValue
	counts     *stats.Plugin
	reads      metric.Int64ObservableCounter
	events     metric.Int64ObservableCounter
	loads      metric.Float64Histogram
	layers     metric.Float64Histogram
	collecting metric.Registration
}

func newMeter(from metric.Meter, attributes []attribute.KeyValue) (*meter, error) {
	m := &meter{attributes: attributes, counts: stats.New()}
	var errs [5]error
	m.reads, errs[0] = from.Int64ObservableCounter("cache.reads", metric.WithUnit("{read}"), metric.WithDescription("Reads by outcome and level"))
	m.events, errs[1] = from.Int64ObservableCounter("cache.events", metric.WithUnit("{event}"), metric.WithDescription("Events by kind"))
	m.loads, errs[2] = from.Float64Histogram("cache.load.duration", metric.WithUnit("s"), metric.WithDescription("Time that factories take"))
	m.layers, errs[3] = from.Float64Histogram("cache.layer.duration", metric.WithUnit("s"), metric.WithDescription("Time that calls of servers take"))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	m.collecting, errs[4] = from.RegisterCallback(m.collect, m.reads, m.events)
	return m, errs[4]
}

func (m *meter) close() error { return m.collecting.Unregister() }

// with returns the attributes of the stack and more.
func (m *meter) with(more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(slices.Concat(m.attributes, more)...))
}

func (m *meter) collect(_ context.Context, o metric.Observer) error {
	s := m.counts.Snapshot()
	for outcome, kind := range map[string]core.Kind{"hit": core.Hit, "stale": core.StaleHit, "miss": core.Miss} {
		for level := range core.LevelLock + 1 {
			if n := s.CountAt(kind, level); n > 0 {
				o.ObserveInt64(m.reads, int64(n), m.with(
					attribute.String("cache.outcome", outcome), attribute.String("cache.level", level.String())))
			}
		}
	}
	for name, n := range s.All() {
		if n > 0 {
			o.ObserveInt64(m.events, int64(n), m.with(attribute.String("cache.event", name)))
		}
	}
	return nil
}

func (m *meter) loaded(ev core.Event) {
	outcome := "ok"
	if ev.Kind == core.FactoryFailed || ev.Kind == core.BackgroundFailed {
		outcome = "error"
	}
	background := ev.Kind == core.BackgroundSucceeded || ev.Kind == core.BackgroundFailed
	m.loads.Record(context.Background(), ev.Took.Seconds(), m.with(
		attribute.String("cache.outcome", outcome), attribute.Bool("cache.background", background)))
}

// layer returns what to call when a call of a server, which begins now, has ended.
func (m *meter) layer(level core.Level, op core.Op) func(context.Context, error) {
	began := time.Now()
	return func(ctx context.Context, err error) {
		more := []attribute.KeyValue{attribute.String("cache.level", level.String()), attribute.String("cache.op", op.String())}
		if err != nil {
			more = append(more, attribute.String("error.type", errorType(err)))
		}
		m.layers.Record(ctx, time.Since(began).Seconds(), m.with(more...))
	}
}

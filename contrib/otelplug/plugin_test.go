// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package otelplug_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
	"github.com/fusioncache-go/fusioncache/contrib/otelplug"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/jsonser"
)

var errBoom = errors.New("boom of a secret")

// rig is a stack that reports to memory.
type rig struct {
	*hybrid.Cache[string]
	metrics *sdkmetric.ManualReader
	spans   *tracetest.SpanRecorder
}

// joined is a plugin that says when the backplane delivers.
type joined chan struct{}

func (joined) Name() string { return "joined" }

func (j joined) Install(h *core.Host) error {
	h.OnEvent(core.Joined, func(core.Event) { j <- struct{}{} })
	return nil
}

func newRig(t *testing.T, keys bool) *rig {
	t.Helper()
	r := &rig{metrics: sdkmetric.NewManualReader(), spans: tracetest.NewSpanRecorder()}
	plugin := otelplug.New(&otelplug.Options{
		Meters:     sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.metrics)),
		Tracers:    sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.spans)),
		Keys:       keys,
		Attributes: []attribute.KeyValue{attribute.String("region", "north")},
	})
	joined := make(joined, 1)
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: 1000})),
		Distributed: hybrid.Must(localdist.New(nil)),
		Backplane:   hybrid.Must(localbus.NewBus(nil)).Channel(hybrid.Channel("shop")),
		Serializer:  hybrid.Must(jsonser.New(nil)),
		Plugins:     []core.Plugin{plugin, joined},
		Defaults:    core.EntryOptions{TTL: time.Minute},
	}))
	<-joined // what is loaded before may be in doubt afterwards
	t.Cleanup(func() {
		if err := stack.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	r.Cache = hybrid.Must(hybrid.Of[string](stack, "text"))
	return r
}

// count returns how many spans of a name have ended.
func (r *rig) count(name string) (n int) {
	for _, span := range r.spans.Ended() {
		if span.Name() == name {
			n++
		}
	}
	return n
}

// collect returns all measurements as "name{attributes}" and their counts.
func (r *rig) collect(t *testing.T) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := r.metrics.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]int64)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					counts[m.Name+describe(p.Attributes)] = p.Value
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					counts[m.Name+describe(p.Attributes)] = int64(p.Count)
				}
			}
		}
	}
	return counts
}

// describe leaves out what everything has.
func describe(set attribute.Set) string {
	var parts []string
	for _, kv := range set.ToSlice() {
		if kv.Key != "cache.name" && kv.Key != "region" {
			parts = append(parts, fmt.Sprintf("%s=%s", strings.TrimPrefix(string(kv.Key), "cache."), kv.Value.String()))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestSeed_OB1_MetricsAgreeWithAModel(t *testing.T) {
	r := newRig(t, false)
	hits, misses, failures, sets := int64(0), int64(0), int64(0), int64(0)
	known := map[string]bool{}
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		key := fmt.Sprint("key", random.IntN(50))
		switch random.IntN(10) {
		case 0:
			_, _ = r.Set(t.Context(), key, "v")
			known[key] = true
			sets++
		case 1:
			_, _ = r.Remove(t.Context(), key)
			delete(known, key)
		case 2:
			if !known[key] {
				failures++
				misses++
			} else {
				hits++
			}
			_, _ = r.GetOrSet(t.Context(), key, func(context.Context, string) (string, error) { return "", errBoom })
		default:
			if known[key] {
				hits++
			} else {
				misses++
			}
			_, _ = r.GetOrSet(t.Context(), key, func(context.Context, string) (string, error) { return "v", nil })
			known[key] = true
		}
	}
	got := r.collect(t)
	loads := misses - failures
	for name, want := range map[string]int64{
		"cache.reads{level=memory,outcome=hit}":               hits,
		"cache.load.duration{background=false,outcome=ok}":    loads,
		"cache.load.duration{background=false,outcome=error}": failures,
		"cache.events{event=miss}":                            misses,
		"cache.events{event=written}":                         sets,
		"cache.events{event=factory_failed}":                  failures,
	} {
		if got[name] != want {
			t.Errorf("%s = %d, want %d", name, got[name], want)
		}
	}
	if got["cache.layer.duration{level=distributed,op=set}"] == 0 || got["cache.layer.duration{level=backplane,op=publish}"] == 0 {
		t.Errorf("no calls of servers in %v", got)
	}
	for name := range got {
		if strings.Contains(name, "key") {
			t.Errorf("%s has a key", name)
		}
	}
}

func TestSpans_AreNested(t *testing.T) {
	r := newRig(t, true)
	_, _ = r.GetOrSet(t.Context(), "k", func(context.Context, string) (string, error) { return "v", nil })
	parents := map[string]string{}
	ids := map[string]string{}
	for _, span := range r.spans.Ended() {
		ids[span.SpanContext().SpanID().String()] = span.Name()
	}
	for _, span := range r.spans.Ended() {
		if slices.Contains(span.Attributes(), attribute.String("cache.key", "text:k")) {
			parents[span.Name()] = ids[span.Parent().SpanID().String()]
		}
	}
	if parents["cache load"] != "cache read" {
		t.Errorf("the load is in %q, want the read; all: %v", parents["cache load"], parents)
	}
	if _, ok := parents["cache read"]; !ok {
		t.Error("no span of the read")
	}
	before := r.count("cache read")
	_, _ = r.GetOrSet(t.Context(), "k", nil)
	if n := r.count("cache read") - before; n != 0 {
		t.Errorf("a hit in memory made %d spans", n)
	}
}

func TestSpans_HaveNoKeysUnlessAskedFor(t *testing.T) {
	r := newRig(t, false)
	_, _ = r.GetOrSet(t.Context(), "personal", func(context.Context, string) (string, error) { return "", errBoom })
	failed := 0
	for _, span := range r.spans.Ended() {
		text := fmt.Sprint(span.Name(), span.Attributes(), span.Status(), span.Events())
		if strings.Contains(text, "personal") || strings.Contains(text, "secret") {
			t.Errorf("a span shows too much: %s", text)
		}
		if slices.Contains(span.Attributes(), attribute.String("error.type", "other")) {
			failed++
		}
	}
	if failed < 2 {
		t.Errorf("%d spans say that they failed, want the load and the read", failed)
	}
}

func TestClose_EndsTheReport(t *testing.T) {
	r := newRig(t, false)
	_, _ = r.Set(t.Context(), "k", "v")
	if err := r.Stack().Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name := range r.collect(t) {
		if strings.HasPrefix(name, "cache.events") {
			t.Errorf("%s after the end", name)
		}
	}
}

func BenchmarkHit(b *testing.B) {
	plugin := otelplug.New(&otelplug.Options{Meters: sdkmetric.NewMeterProvider(), Tracers: sdktrace.NewTracerProvider()})
	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Memory:  hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: 1000})),
		Plugins: []core.Plugin{plugin},
	}))
	c := hybrid.Must(hybrid.Of[string](stack, "text"))
	_, _ = c.Set(b.Context(), "k", "v")
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = c.Get(b.Context(), "k")
	}
}

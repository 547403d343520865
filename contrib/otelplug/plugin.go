// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package otelplug

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/layer"
)

const scope = "github.com/fusioncache-go/fusioncache"

// Plugin reports stacks to OpenTelemetry. It can be installed in several. It is
// safe for concurrent use; closing a stack ends what it reports of that.
type Plugin struct {
	options Options
}

var _ core.Plugin = (*Plugin)(nil)

// New returns a plugin. A nil opts means all defaults.
func New(opts *Options) *Plugin { return &Plugin{options: opts.withDefaults()} }

// Name returns "opentelemetry".
func (*Plugin) Name() string { return "opentelemetry" }

// Install makes the instruments, listens, and wraps the layers and the read path.
// It fails if the meter refuses an instrument.
func (p *Plugin) Install(h *core.Host) error {
	attributes := append([]attribute.KeyValue{attribute.String("cache.name", h.Stack())}, p.options.Attributes...)
	m, err := newMeter(p.options.Meters.Meter(scope), attributes)
	if err != nil {
		return fmt.Errorf("otelplug: %w", err)
	}
	t := &tracer{tracer: p.options.Tracers.Tracer(scope), attributes: attributes, keys: p.options.Keys}
	if err := m.counts.Install(h); err != nil {
		return err
	}
	h.OnEvent(loadEnded, m.loaded)
	l := newLinks()
	h.AddStage(core.Outer, t.stage("cache read", l.reading))
	h.AddStage(core.AroundLoad, t.stage("cache load", l.loading))
	h.WrapDistributed(func(d core.DistributedLayer) core.DistributedLayer {
		return layer.Around(d, around(m, t, core.LevelDistributed))
	})
	h.WrapBackplane(func(b core.Backplane) core.Backplane {
		return layer.AroundBackplane(b, around(m, t, core.LevelBackplane))
	})
	h.OnClose(func(context.Context) error { return m.close() })
	return nil
}

// around measures and traces calls of a layer.
func around(m *meter, t *tracer, level core.Level) layer.Wrap {
	return func(ctx context.Context, op core.Op, key string, do func(context.Context) error) error {
		ctx, end := t.start(ctx, "cache "+op.String(), key)
		done := m.layer(level, op)
		err := core.ErrGoexit // stands if the call panics or ends its goroutine
		defer func() {
			done(ctx, err)
			end(err)
		}()
		err = do(ctx)
		return err
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// trips counts what a client waits for: one for a command, and one for a pipeline.
type trips struct{ n atomic.Int64 }

// DialHook implements redis.Hook.
func (*trips) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements redis.Hook.
func (t *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		t.n.Add(1)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook implements redis.Hook.
func (t *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		t.n.Add(1)
		return next(ctx, cmds)
	}
}

// encodings counts how often a value is encoded.
type encodings struct {
	*msgpackser.Serializer
	n atomic.Int64
}

var _ core.AppendMarshaler = (*encodings)(nil)

// Marshal implements core.Serializer.
func (e *encodings) Marshal(v any) ([]byte, error) {
	e.n.Add(1)
	return e.Serializer.Marshal(v)
}

// AppendMarshal implements core.AppendMarshaler.
func (e *encodings) AppendMarshal(dst []byte, v any) ([]byte, error) {
	e.n.Add(1)
	return e.Serializer.AppendMarshal(dst, v)
}

// setCounts returns how many encodings and round trips a Set takes.
func setCounts(ctx context.Context, r *Run) ([]report.Budget, error) {
	const n = 1000
	serializer, err := msgpackser.New(nil)
	if err != nil {
		return nil, err
	}
	bus, client, err := newBus(r, "counted")
	if err != nil {
		return nil, err
	}
	counted, waits := &encodings{Serializer: serializer}, &trips{}
	client.AddHook(waits)
	ours, err := newNodeOn(client, "counted", n, bus, counted)
	if err != nil {
		return nil, err
	}
	defer ours.close()
	set := func(i int) error {
		_, err := ours.cache.Set(ctx, load.Key(i), load.Record().Make(i))
		return err
	}
	if err := set(0); err != nil { // loads the script
		return nil, err
	}
	encoded, waited := counted.n.Load(), waits.n.Load()
	for i := range n {
		if err := set(i); err != nil {
			return nil, fmt.Errorf("set: %w", err)
		}
	}
	each := func(now, before int64) float64 { return float64(now-before) / n }
	return []report.Budget{
		{What: "set: encodings", Got: each(counted.n.Load(), encoded), Most: 1},
		// Beside the sets there may be a look at the server's health now and then.
		{What: "set: round trips, with the message", Got: each(waits.n.Load(), waited), Most: 1.01},
	}, nil
}

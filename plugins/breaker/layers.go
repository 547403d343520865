// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// distributed is a layer behind a circuit. It has no Unwrap: an ability found
// behind it would lead around the circuit.
type distributed struct {
	circuit *circuit
	layer   core.DistributedLayer
}

// distributedPinger is a distributed whose layer can ping.
type distributedPinger struct {
	*distributed
	core.Pinger
}

func (c *circuit) wrapDistributed(layer core.DistributedLayer) core.DistributedLayer {
	if layer == nil {
		return nil
	}
	d := &distributed{circuit: c, layer: layer}
	if pinger, ok := core.As[core.Pinger](layer); ok {
		return &distributedPinger{d, pinger}
	}
	return d
}

func (d *distributed) Get(ctx context.Context, key string) (data []byte, ok bool, err error) {
	err = d.circuit.do(ctx, func(ctx context.Context) (err error) {
		data, ok, err = d.layer.Get(ctx, key)
		return err
	})
	return data, ok, err
}

func (d *distributed) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	return d.circuit.do(ctx, func(ctx context.Context) error { return d.layer.Set(ctx, key, data, ttl) })
}

func (d *distributed) Delete(ctx context.Context, key string) error {
	return d.circuit.do(ctx, func(ctx context.Context) error { return d.layer.Delete(ctx, key) })
}

// backplane is a backplane whose publications go through a circuit. It has no
// Unwrap, for the same reason.
type backplane struct {
	circuit *circuit
	core.Backplane
}

// backplanePinger is a backplane that can ping.
type backplanePinger struct {
	*backplane
	core.Pinger
}

func (c *circuit) wrapBackplane(inner core.Backplane) core.Backplane {
	if inner == nil {
		return nil
	}
	b := &backplane{circuit: c, Backplane: inner}
	if pinger, ok := core.As[core.Pinger](inner); ok {
		return &backplanePinger{b, pinger}
	}
	return b
}

func (b *backplane) Publish(ctx context.Context, msg []byte) error {
	return b.circuit.do(ctx, func(ctx context.Context) error { return b.Backplane.Publish(ctx, msg) })
}

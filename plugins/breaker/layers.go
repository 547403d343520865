// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker

import (
	"context"
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// distributed is a layer behind a circuit. It has no Unwrap: an ability found
// behind it would lead around the circuit.
type distributed struct {
	circuit *circuit
	layer   core.DistributedLayer
}

// wrapDistributed puts the circuit around a layer and its abilities: writes that
// are arbitrated and batches go through it, a ping does not.
func (c *circuit) wrapDistributed(layer core.DistributedLayer) core.DistributedLayer {
	if layer == nil {
		return nil
	}
	arbiter, arbitrates := core.As[core.Arbiter](layer)
	pinger, pings := core.As[core.Pinger](layer)
	d, a := &distributed{c, layer}, &arbitrated{c, arbiter}
	switch {
	case arbitrates && pings:
		return struct {
			*distributed
			*arbitrated
			core.Pinger
		}{d, a, pinger}
	case arbitrates:
		return struct {
			*distributed
			*arbitrated
		}{d, a}
	case pings:
		return struct {
			*distributed
			core.Pinger
		}{d, pinger}
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

// Conceals says what the layer says.
func (d *distributed) Conceals() bool {
	inner, ok := core.As[core.Concealer](d.layer)
	return ok && inner.Conceals()
}

// arbitrated is the ability of a layer to arbitrate, behind the same circuit.
type arbitrated struct {
	circuit *circuit
	arbiter core.Arbiter
}

func (a *arbitrated) Arbitrate(ctx context.Context, key string, w core.Write) (ruling core.Ruling, err error) {
	err = a.circuit.do(ctx, func(ctx context.Context) (err error) {
		ruling, err = a.arbiter.Arbitrate(ctx, key, w)
		return err
	})
	return ruling, err
}

func (a *arbitrated) ReadHeader(ctx context.Context, key string) (header []byte, ok bool, err error) {
	err = a.circuit.do(ctx, func(ctx context.Context) (err error) {
		header, ok, err = a.arbiter.ReadHeader(ctx, key)
		return err
	})
	return header, ok, err
}

// GetMany makes one call of the batch.
func (d *distributed) GetMany(ctx context.Context, keys []string) ([]core.Got, error) {
	inner, ok := core.As[core.BatchReader](d.layer)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return batch(ctx, d.circuit, func(ctx context.Context) ([]core.Got, error) {
		return inner.GetMany(ctx, keys)
	}, func(g core.Got) error { return g.Err })
}

// ReadHeaders makes one call of the batch.
func (a *arbitrated) ReadHeaders(ctx context.Context, keys []string) ([]core.Got, error) {
	inner, ok := core.As[core.BatchHeaderReader](a.arbiter)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return batch(ctx, a.circuit, func(ctx context.Context) ([]core.Got, error) {
		return inner.ReadHeaders(ctx, keys)
	}, func(g core.Got) error { return g.Err })
}

// ArbitrateMany makes one call of the batch.
func (a *arbitrated) ArbitrateMany(ctx context.Context, writes []core.KeyWrite) ([]core.Ruled, error) {
	inner, ok := core.As[core.BatchArbiter](a.arbiter)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return batch(ctx, a.circuit, func(ctx context.Context) ([]core.Ruled, error) {
		return inner.ArbitrateMany(ctx, writes)
	}, func(r core.Ruled) error { return r.Err })
}

// batch makes a call with many outcomes. It has failed if all of them are errors.
func batch[T any](ctx context.Context, c *circuit, call func(context.Context) ([]T, error), failure func(T) error) (out []T, err error) {
	err = c.do(ctx, func(ctx context.Context) (err error) {
		if out, err = call(ctx); err != nil || len(out) == 0 {
			return err
		}
		for _, o := range out {
			if failure(o) == nil {
				return nil
			}
		}
		return failure(out[0])
	})
	if out != nil {
		return out, nil
	}
	return nil, err
}

// backplane is a backplane whose publications go through a circuit. It has no
// Unwrap, for the same reason.
type backplane struct {
	circuit *circuit
	core.Backplane
}

func (c *circuit) wrapBackplane(inner core.Backplane) core.Backplane {
	if inner == nil {
		return nil
	}
	b := &backplane{circuit: c, Backplane: inner}
	if pinger, ok := core.As[core.Pinger](inner); ok {
		return struct {
			*backplane
			core.Pinger
		}{b, pinger}
	}
	return b
}

// Outlet leads around the circuit on purpose: what is published together with a
// write goes through the circuit of the distributed layer.
func (b *backplane) Outlet() core.Outlet {
	if inner, ok := core.As[core.OutletOwner](b.Backplane); ok {
		return inner.Outlet()
	}
	return core.Outlet{}
}

func (b *backplane) Publish(ctx context.Context, msg []byte) error {
	return b.circuit.do(ctx, func(ctx context.Context) error { return b.Backplane.Publish(ctx, msg) })
}

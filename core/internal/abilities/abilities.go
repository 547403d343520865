// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package abilities lets a wrapper of a distributed layer have the abilities of
// the layer that it wraps, no more and no fewer.
package abilities

import (
	"context"
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

// All is a wrapper that forwards every ability there is, but for the ping.
type All interface {
	core.DistributedLayer
	core.BatchReader
	core.BatchArbiter
	core.BatchHeaderReader
}

// Like returns w with those abilities only that layer has. The abilities to do
// many things at once are there in any case: w answers for a layer without them
// as [GetMany], [ArbitrateMany] and [ReadHeaders] do. A layer that pings is pinged
// by w if that has the method, and past it if not. Values are concealed if layer or w
// conceals them.
func Like(layer core.DistributedLayer, w All) core.DistributedLayer {
	pinger, pings := core.As[core.Pinger](layer)
	if own, ok := w.(core.Pinger); ok {
		pinger = own
	}
	_, arbitrates := core.As[core.Arbiter](layer)
	secret := concealer(Conceals(layer) || Conceals(w))
	switch {
	case pings && arbitrates:
		return struct {
			arbiter
			core.Pinger
		}{arbiter{w, secret}, pinger}
	case pings:
		return struct {
			reader
			core.Pinger
		}{reader{w, w, secret}, pinger}
	case arbitrates:
		return arbiter{w, secret}
	}
	return reader{w, w, secret}
}

// arbiter is a wrapper with all abilities but the ping.
type arbiter struct {
	All
	concealer
}

// reader is a wrapper of a layer that does not arbitrate.
type reader struct {
	core.DistributedLayer
	core.BatchReader
	concealer
}

// concealer is a core.Concealer that knows what to say.
type concealer bool

// Conceals implements core.Concealer.
func (c concealer) Conceals() bool { return bool(c) }

// Conceals is what layer says if it is a core.Concealer.
func Conceals(layer core.DistributedLayer) bool {
	c, ok := core.As[core.Concealer](layer)
	return ok && c.Conceals()
}

// GetMany is what layer does if it is a core.BatchReader.
func GetMany(ctx context.Context, layer core.DistributedLayer, keys []string) ([]core.Got, error) {
	if b, ok := core.As[core.BatchReader](layer); ok {
		return b.GetMany(ctx, keys)
	}
	return nil, errors.ErrUnsupported
}

// ArbitrateMany is what layer does if it is a core.BatchArbiter.
func ArbitrateMany(ctx context.Context, layer core.DistributedLayer, writes []core.KeyWrite) ([]core.Ruled, error) {
	if b, ok := core.As[core.BatchArbiter](layer); ok {
		return b.ArbitrateMany(ctx, writes)
	}
	return nil, errors.ErrUnsupported
}

// ReadHeaders is what layer does if it is a core.BatchHeaderReader.
func ReadHeaders(ctx context.Context, layer core.DistributedLayer, keys []string) ([]core.Got, error) {
	if b, ok := core.As[core.BatchHeaderReader](layer); ok {
		return b.ReadHeaders(ctx, keys)
	}
	return nil, errors.ErrUnsupported
}

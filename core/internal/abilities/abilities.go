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

// All is a wrapper that forwards every ability there is.
type All interface {
	core.DistributedLayer
	core.BatchReader
	core.Pinger
	core.BatchArbiter
}

// Like returns w with those abilities only that layer has. The abilities to do
// many things at once are there in any case: w answers for a layer without them
// as [GetMany] and [ArbitrateMany] do.
func Like(layer core.DistributedLayer, w All) core.DistributedLayer {
	_, pings := core.As[core.Pinger](layer)
	_, arbitrates := core.As[core.Arbiter](layer)
	switch {
	case pings && arbitrates:
		return w
	case pings:
		return struct {
			core.DistributedLayer
			core.BatchReader
			core.Pinger
		}{w, w, w}
	case arbitrates:
		return struct {
			core.DistributedLayer
			core.BatchReader
			core.BatchArbiter
		}{w, w, w}
	}
	return struct {
		core.DistributedLayer
		core.BatchReader
	}{w, w}
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

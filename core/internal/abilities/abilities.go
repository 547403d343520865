// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package abilities lets a wrapper of a distributed layer have the abilities of
// the layer that it wraps, no more and no fewer.
package abilities

import "github.com/fusioncache-go/fusioncache/core"

// All is a wrapper that forwards every ability there is.
type All interface {
	core.DistributedLayer
	core.Pinger
	core.Arbiter
}

// Like returns w with those abilities only that layer has.
func Like(layer core.DistributedLayer, w All) core.DistributedLayer {
	_, pings := core.As[core.Pinger](layer)
	_, arbitrates := core.As[core.Arbiter](layer)
	switch {
	case pings && arbitrates:
		return w
	case pings:
		return struct {
			core.DistributedLayer
			core.Pinger
		}{w, w}
	case arbitrates:
		return struct {
			core.DistributedLayer
			core.Arbiter
		}{w, w}
	}
	return struct{ core.DistributedLayer }{w}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// weakPort is a connection to a store that does not arbitrate.
type weakPort struct{ p *port }

var _ core.DistributedLayer = weakPort{}

// Get implements core.DistributedLayer.
func (w weakPort) Get(ctx context.Context, key string) ([]byte, bool, error) {
	return w.p.Get(ctx, key)
}

// Set implements core.DistributedLayer.
func (w weakPort) Set(ctx context.Context, key string, data []byte, ttl time.Duration) error {
	return w.p.Set(ctx, key, data, ttl)
}

// Delete implements core.DistributedLayer.
func (w weakPort) Delete(ctx context.Context, key string) error { return w.p.Delete(ctx, key) }

// outletPlug is a connection to a bus that the store can publish on.
type outletPlug struct{ *plug }

var _ core.OutletOwner = outletPlug{}

// Outlet implements core.OutletOwner.
func (o outletPlug) Outlet() core.Outlet { return core.Outlet{Server: o.bus, Channel: "sim"} }

// notice publishes the message of a write that was stored, in the same moment, and
// reports whether there was one.
func (p *port) notice(n *core.Notice) bool {
	if n == nil || n.Outlet.Server != p.node.plug.bus {
		return false
	}
	p.node.plug.broadcast(n.Message)
	return true
}

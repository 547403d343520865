// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
)

// Health is what a stack can say of its servers.
type Health struct {
	Distributed error // why the distributed layer does not answer; nil if it does, or cannot be asked
	Backplane   error // why the backplane does not answer; nil if it does, or cannot be asked
}

// health holds the parts that can be asked, inside their plugins' wrappers.
type health struct {
	distributed core.DistributedLayer
	backplane   core.Backplane
}

// Health asks the servers whether they answer, one after the other, within ctx.
func (s *Stack) Health(ctx context.Context) (h Health) {
	if p, ok := core.As[core.Pinger](s.health.distributed); ok {
		h.Distributed = p.Ping(ctx)
	}
	if p, ok := core.As[core.Pinger](s.health.backplane); ok {
		h.Backplane = p.Ping(ctx)
	}
	return h
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/chance"
)

// probe is the simulator's plugin in a stack: it gives the stack its identity,
// keeps callers on their lanes, and sees which answers are stale.
type probe struct {
	node *node
	id   [16]byte
}

var (
	_ core.Plugin     = probe{}
	_ chance.Provider = probe{}
	_ chance.Source   = probe{}
)

// Name implements core.Plugin.
func (probe) Name() string { return "probe" }

// Install implements core.Plugin.
func (p probe) Install(h *core.Host) error {
	h.AddStage(core.Outer, func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			res, err := next(ctx, r)
			if o := opOf(ctx); o != nil && err == nil {
				o = o.part(keyOf(r))
				o.Stale, o.Level = res.Stale, res.Level
			}
			return res, err
		}
	})
	h.AddStage(core.AroundLoad, func(next core.Handler) core.Handler {
		return func(ctx context.Context, r core.Request) (core.Result, error) {
			f, s := flight{p.node, keyOf(r)}, p.node.source
			p.node.world.rec.checkFlights(opOf(ctx), s.enter(f, r.Token))
			defer s.leave(f, r.Token)
			return next(ctx, r)
		}
	})
	return nil
}

// keyOf returns the index of the key that a request is about.
func keyOf(r core.Request) int { return int(r.Key[len(r.Key)-1] - '0') }

// Chance implements chance.Provider.
func (p probe) Chance() chance.Source { return p }

// Identify implements chance.Source.
func (p probe) Identify(id []byte) { copy(id, p.id[:]) }

// Woken implements chance.Source. Each time it is another lane of the client's:
// on those before, its own limits end.
func (p probe) Woken(ctx context.Context) {
	if o := opOf(ctx); o != nil && o.Client >= 0 {
		wakes := int(o.wakes.Add(1)) % wakesPerClient
		p.node.world.settle(firstWake + instant(o.Client*wakesPerClient+wakes))
	}
}

type opKey struct{}

// opOf returns the operation that a context belongs to, or nil.
func opOf(ctx context.Context) *op {
	o, _ := ctx.Value(opKey{}).(*op)
	return o
}

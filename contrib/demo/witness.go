// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/stats"
)

// witness knows what one node has served from its memory, and how often it has
// joined the others. As nothing is removed in this show, and there is room for
// everything, the node must be able to serve that again. Safe for concurrent use.
type witness struct {
	served []atomic.Bool
	joins  atomic.Int64
}

func newWitness(products int) *witness { return &witness{served: make([]atomic.Bool, products+1)} }

// watch listens to the events of a node's cache.
func (w *witness) watch(events *core.Events) {
	events.Listen("witness", core.Hit, func(ev core.Event) {
		_, text, _ := strings.Cut(ev.Key, ":") // the name of the view is in front
		if id, err := strconv.Atoi(text); err == nil && ev.Level == core.LevelMemory {
			w.served[id].Store(true)
		}
	})
	events.Listen("joins", core.Joined, func(core.Event) { w.joins.Add(1) })
}

// saw reports whether the node has served the product from its memory.
func (w *witness) saw(id int) bool { return w.served[id].Load() }

// auditor looks into L2 past all nodes. It has a cache like theirs, but no clients.
type auditor struct {
	cache   *cache
	catalog *catalog
}

func newAuditor(ctx context.Context, r *recipe) (*auditor, error) {
	c, err := r.open(ctx, stats.New())
	if err != nil {
		return nil, err
	}
	products, err := newCatalog(c.Stack, nil)
	return &auditor{cache: c, catalog: products}, err
}

// fresh reports whether L2 has the product fresh; any, whether it has it at all.
func (a *auditor) fresh(ctx context.Context, id int) bool { return a.finds(ctx, id, false) }
func (a *auditor) any(ctx context.Context, id int) bool   { return a.finds(ctx, id, true) }

// count returns how many of the products from 1 to n L2 has fresh.
func (a *auditor) count(ctx context.Context, n int) (found int) {
	for id := 1; id <= n; id++ {
		if a.fresh(ctx, id) {
			found++
		}
	}
	return found
}

func (a *auditor) finds(ctx context.Context, id int, stale bool) bool {
	_, ok, err := a.catalog.products.Get(ctx, id, core.AllowStale(stale), core.Without(core.SkipMemory))
	return ok && err == nil
}

// close ends its cache.
func (a *auditor) close(ctx context.Context) error { return a.cache.close(ctx) }

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// Product is what the service serves and its cache holds.
type Product struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Category string `json:"category"`
	Cents    int64  `json:"cents"`
	Cheaper  int    `json:"cheaper"`  // products of the category that cost less
	Revision int64  `json:"revision"` // counts the changes
}

// catalog is the business code of the service: a database behind a cache.
type catalog struct {
	database *database
	products *hybrid.Keyed[int, Product]
}

func newCatalog(stack *hybrid.Stack, db *database) (*catalog, error) {
	view, err := hybrid.Of[Product](stack, "product")
	if err != nil {
		return nil, err
	}
	return &catalog{database: db, products: hybrid.NewKeyed(view, hybrid.IntKey[int])}, nil
}

// product returns a product: from memory, from L2, or from the database.
func (c *catalog) product(ctx context.Context, id int) (Product, error) {
	return c.products.GetOrSet(ctx, id, c.database.product)
}

// setPrice changes the database first and the cache after it. The outcome says
// whether L2 has taken the new price: if it is core.LocalOnly, the cache will
// make good for it, but another node may serve the old one for a while.
//
// Once the database has changed, the cache must hear of it, even if the client
// has hung up: hence WithoutCancel.
//
// Set spares the other nodes the database: they find the new product in L2. Two
// nodes that may change one product at the same time should rather Expire it,
// because the order of their Sets need not be that of their transactions.
func (c *catalog) setPrice(ctx context.Context, id int, cents int64) (Product, core.Outcome, error) {
	p, err := c.database.setPrice(ctx, id, cents)
	if err != nil {
		return Product{}, 0, err
	}
	outcome, err := c.products.Set(context.WithoutCancel(ctx), id, p)
	return p, outcome, err
}

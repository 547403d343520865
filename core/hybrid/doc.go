// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package hybrid is the cache that a service uses: a [Stack] of a memory layer,
// and, if wanted, a distributed layer, a backplane, a serializer and plugins; and
// any number of typed views on it, a [Cache] for each type of value.
//
//	stack, err := hybrid.New(hybrid.Options{
//		Name:       "catalogue",
//		Memory:     memory,
//		Serializer: serializer,
//	})
//	products, err := hybrid.Of[Product](stack, "product")
//	p, err := products.GetOrSet(ctx, "42", loadProduct, core.TTL(time.Minute))
//
// All views share the stack's memory budget, its connection and its backplane.
// pipeline.go lists the stages of the read path in order.
package hybrid

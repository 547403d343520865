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
//
// # Keys
//
// What a stack names outside of the process begins with its own name, N; V is the
// name of a view, in which bytes other than letters, digits, '-', '_', '.' and those
// of multi-byte characters are written as %hh, as in N:
//
//	N:1:e:V:K   the entry of key K in view V
//	N:1:m:T     the mark of tag T; with T empty, of everything
//	N:1:l:V:K   the lock under which nodes load key K of view V
//	N:1:bus     the channel of the backplane: [Channel]
package hybrid

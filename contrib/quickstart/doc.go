// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package quickstart sets up a whole cache in one call:
//
//	stack, err := quickstart.Redis(ctx, "redis://127.0.0.1:6379", "shop", nil)
//	products, err := hybrid.Of[Product](stack, "product")
//	p, err := products.GetOrSet(ctx, "42", loadProduct, core.TTL(time.Minute))
//
// A URL and the name of the application give the distributed layer, the
// backplane and the names that they use on the server. With them come a memory
// layer, msgpack, and a circuit breaker for both. [NATS] does the same on
// JetStream, [Memory] without any server.
//
// The result is an ordinary stack which owns its parts: its Close ends the cache
// first and the connection last. Who wants to share a connection, or another
// part, puts a stack together with package hybrid; this package does nothing
// that its users cannot.
//
// # Servers that are down
//
// They do not keep a service from starting, unless [Options].RequireDistributed
// says so: the cache works with its memory alone and joins the others when the
// server appears. [hybrid.Stack.Health] tells how things are.
//
// # Names
//
// All nodes of an application give the same name, different applications on one
// server different ones. The name begins every key; see package hybrid for the
// layout.
//
// # Logging
//
// go-redis prints failed attempts to connect to the standard error of the
// process. A program that does not want that calls logging.Disable, from the
// package logging of go-redis, in its main function.
package quickstart

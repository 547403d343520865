// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package otelplug is a plugin that reports a stack to OpenTelemetry.
//
//	plugin := otelplug.New(nil) // the global providers
//	stack, err := hybrid.New(hybrid.Options{ /* … */ Plugins: []core.Plugin{plugin}})
//
// # Metrics
//
// The attribute cache.name is the name of the stack. No attribute holds a key.
//
//	cache.reads             {cache.outcome: hit, stale, miss; cache.level: memory, distributed, …}
//	cache.load.duration     s {cache.outcome: ok, error; cache.background}
//	cache.layer.duration    s {cache.level: distributed, backplane; cache.op; error.type}
//	cache.events            {cache.event: every kind, as package stats names it}
//
// A hit in memory costs a few nanoseconds: reads and events are counted by package
// stats and collected when a reader asks. A miss of GetOrSet is a read too.
//
// # Spans
//
// "cache read" is around every read that memory did not answer at once, "cache
// load" around the factory, and "cache get", "cache set", "cache remove" and
// "cache publish" around calls of servers. A load belongs to the trace of the
// caller who started it; the reads of others who wait for it, or get a stale value
// while it runs, have a link to it. Keys are attributes only with [Options].Keys; values never.
package otelplug

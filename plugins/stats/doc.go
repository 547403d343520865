// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package stats is a plugin that counts what happens in a stack: one counter for
// each kind of event and level. [Plugin.Snapshot] reads them; the plugin itself
// is an expvar.Var, so that
//
//	expvar.Publish("cache", plugin)
//
// shows them as JSON (importing expvar also serves them on the default mux).
//
// A count costs a few nanoseconds, also for a hit in memory. The counters are
// spread over some places by goroutine, so that cores seldom write to the same one.
package stats

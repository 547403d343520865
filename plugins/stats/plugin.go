// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package stats

import (
	"sync/atomic"
	"unsafe"

	"github.com/fusioncache-go/fusioncache/core"
)

// Plugin counts events. Installed in several stacks it counts them together. It
// is safe for concurrent use and needs no closing. Make it with [New].
type Plugin struct {
	shards [shards]shard
}

// shards is the number of places that a counter is spread over.
const shards = 16

// shard holds a part of every counter, and keeps off the cache lines of the next.
type shard struct {
	n [len(rows)][levels]atomic.Uint64
	_ [64]byte
}

var _ core.Plugin = (*Plugin)(nil)

// New returns a plugin whose counters are zero.
func New() *Plugin { return &Plugin{} }

// Name returns "stats".
func (p *Plugin) Name() string { return "stats" }

// Install listens for all kinds of events.
func (p *Plugin) Install(h *core.Host) error {
	h.OnEventBriefly(core.AllKinds, p.count)
	return nil
}

func (p *Plugin) count(ev core.Event) {
	if i, at, ok := place(ev.Kind, ev.Level); ok {
		p.shards[shardOf()].n[i][at].Add(1)
	}
}

// shardOf spreads goroutines by where their stacks are, so that those that run at the
// same time seldom want the same lines of the processors' caches. Spread by key, every
// line would go to and fro between the processors.
func shardOf() uint64 {
	var here byte
	const (
		stack = 11                 // bits of the smallest stack
		ratio = 0x9E3779B97F4A7C15 // 2^64 by the golden ratio: Knuth's multiplicative hash
	)
	return uint64(uintptr(unsafe.Pointer(&here))) >> stack * ratio >> (64 - 4) % shards
}

// Snapshot returns the counts of now. While events go on it is not of one
// instant: of two events that happen meanwhile, it may have the later one only.
func (p *Plugin) Snapshot() Snapshot {
	var s Snapshot
	for n := range p.shards {
		for i := range s.counts {
			for at := range s.counts[i] {
				s.counts[i][at] += p.shards[n].n[i][at].Load()
			}
		}
	}
	return s
}

// String returns [Plugin.Snapshot] as a JSON object, which makes the plugin an
// expvar.Var.
func (p *Plugin) String() string { return p.Snapshot().String() }

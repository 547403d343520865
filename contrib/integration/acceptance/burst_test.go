// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package acceptance_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// 100,000 writes as fast as the machine makes them; with the race detector, which
// has every step cost many times as much, a tenth.
func TestSeed_DC5_BurstOfWritesIsHeardInTimeAndInFull(t *testing.T) {
	w := startRedis(t)
	writes := 100_000
	if raceDetector {
		writes /= 10
	}
	o := hybrid.Options{Defaults: core.EntryOptions{TTL: time.Minute}}
	b := start(t, w, setting{Options: o})
	o.Memory = hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: 1000})) // so that what grows are queues
	a := start(t, w, setting{Options: o})
	a.spread(t, "warm", 0, b)
	before := heap()
	var begun []atomic.Int64
	var lags times
	var heard atomic.Int64
	b.stack.Events().Listen("lag", core.MessageReceived, func(ev core.Event) {
		if i, err := strconv.Atoi(strings.TrimPrefix(ev.Key, "v:k")); err == nil && i < len(begun) {
			lags.add(time.Duration(time.Now().UnixNano() - begun[i].Load()))
			heard.Add(1)
		}
	})
	within3(t, func() error {
		begun, lags.all = make([]atomic.Int64, writes), nil
		heard.Store(0)
		var failed atomic.Value
		gaps, joins := b.count(core.GapSuspected), b.count(core.Joined)
		took := timed(func() {
			share(16, writes, func(i int) {
				begun[i].Store(time.Now().UnixNano())
				if outcome, err := a.Set(t.Context(), "k"+strconv.Itoa(i), i); outcome != core.Committed {
					failed.Store(fmt.Sprint(outcome, ", ", err))
				}
			})
		})
		grown := heap() - before
		if why := failed.Load(); why != nil {
			ev := a.find(core.LayerFailed, func(core.Event) bool { return true })
			return fmt.Errorf("a write is %v: %+v", why, ev)
		}
		soon(t, patience, "all messages", func() bool { return heard.Load() == int64(writes) })
		t.Logf("%d writes in %v, lag p99 %v, longest %v; the heap grew by %d KiB", writes, took, lags.quantile(0.99), lags.quantile(1), grown>>10)
		if grown > 32<<20 {
			t.Errorf("the heap grew by %d MiB", grown>>20)
		}
		if n := b.count(core.GapSuspected) - gaps; n != 0 {
			return fmt.Errorf("B suspected a gap %d times", n)
		}
		if n := b.count(core.Joined) - joins; n != 0 {
			return fmt.Errorf("the server dropped B's subscription %d times", n)
		}
		if p99 := lags.quantile(0.99); p99 > 250*time.Millisecond {
			return tooSlow("99 of 100 messages", p99, 250*time.Millisecond)
		}
		return nil
	})
	if n := b.spy.reads.Load() + b.spy.headers.Load(); n != 0 {
		t.Errorf("B read %d values that nobody asked for", n)
	}
}

// Nodes read what they are asked for, not what they are told of. That is so for each
// message or for none: 1000 writes are 100,000 messages to the 100 nodes, as many as
// there are writes above, and one read for each would show.
func TestSeed_DC5_HundredNodesReadOnlyWhatIsAskedFor(t *testing.T) {
	w := startRedis(t)
	const peers, writes, asked = 100, 1000 - raceDetectorLess*800, 3
	// A sign of life per node and second would be 10,000 messages a second here.
	quiet := coherence.PulseOptions{Heartbeat: time.Hour, Silence: 3 * time.Hour}
	small := func() core.MemoryLayer { return hybrid.Must(ottermem.New(&ottermem.Options{MaxEntries: 100})) }
	a := start(t, w, setting{Options: hybrid.Options{Pulse: quiet}, objects: true})
	all := make([]*node, peers)
	for i := range all {
		all[i] = start(t, w, setting{Options: hybrid.Options{Pulse: quiet, Memory: small()}})
	}
	p := listen(t, w)
	share(8, writes, func(i int) { _, _ = a.Set(t.Context(), fmt.Sprint("k", i), i) })
	for _, n := range all {
		soon(t, patience, "a node to hear everything, or to know that it did not", func() bool {
			return n.count(core.MessageReceived) >= writes || n.count(core.Joined) > 1
		})
	}
	if n := p.calls(t, "app", "get"); n != 0 {
		t.Errorf("nodes that were only told made %d GETs", n)
	}
	for _, n := range all {
		for i := range asked {
			n.want(t, fmt.Sprint("k", i), i)
			n.want(t, fmt.Sprint("k", i), i)
		}
	}
	if n := p.calls(t, "app", "get"); n != peers*asked {
		t.Errorf("%d nodes that were each asked for %d keys made %d GETs", peers, asked, n)
	}
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherencetest"
)

// recorder notes all operations and has the answers checked.
type recorder struct {
	*coherencetest.Checker
	world *world
	plan  *Plan

	mu       sync.Mutex
	hash     uint64
	serials  []uint32
	cover    *Coverage
	payloads map[core.Header]value // what was stored under each header
	rejoins  rejoins
	err      error // the simulator itself has failed
}

// flushStaleness takes the place of the bound S of the invariants after the server
// was emptied: the nodes notice when they next read the mark of everything.
const (
	flushStaleness = 8 * time.Second
	quietStaleness = 50 * time.Millisecond
)

// newRecorder returns the recorder of a world, whose source is still to come.
func newRecorder(w *world) *recorder {
	p := w.plan
	stale := p.reserve() + slowest + p.Spread + time.Second
	if p.Sealed {
		stale = 0 // what is not modified keeps the time at which it was made
	}
	r := &recorder{world: w, plan: p, payloads: make(map[core.Header]value), cover: new(Coverage)}
	r.Checker = coherencetest.New(coherencetest.Options{
		Keys: p.Keys, Nodes: p.Nodes,
		Knows:     func(v value) bool { return v.Key < p.Keys && v.Version <= w.source.read(v.Key) },
		Watched:   true,
		Unordered: p.Turnless,
		Lagging:   p.lag() > 0,
		Weak:      p.Weak,
		Bounds: coherencetest.Bounds{
			AfterLoss:   max(flushStaleness+p.lag(), p.staleness()),
			Quiet:       quietStaleness,
			Staleness:   p.staleness(),
			Convergence: p.settling(),
			Stale:       stale,
			ReadLate:    2 * tick,                                  // the resolution of the simulator
			WriteLate:   core.DefaultDistributedTimeout + 602*tick, // the others are told, and another write of the key ends
		},
	})
	for _, f := range p.Faults {
		r.Fault(f.From, f.To+ms(max(f.Hi, 0)))
		for n := range p.Nodes {
			if f.Kind == NodePause && f.Nodes.has(n) {
				r.Pause(n, f.From, f.To+tick)
			}
		}
	}
	return r
}

// add takes an operation that has returned.
func (r *recorder) add(o *op) {
	r.Add(&o.Operation)
	r.checkRejoined(o)
	r.rejoins.take(o)
	r.digest(o)
}

// addFinal takes a read of the audit.
func (r *recorder) addFinal(o *op, want uint64) {
	r.AddFinal(&o.Operation, want)
	r.digest(o)
}

func (r *recorder) digest(o *op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hash += o.hash()
	r.serials = append(r.serials, o.serial)
	if !o.Lost {
		r.cover.count(r.plan, o)
	}
}

// violated notes a violation that only the simulator can see; o may be nil.
func (r *recorder) violated(invariant string, key int, o *op, format string, args ...any) {
	var operation *coherencetest.Operation
	if o != nil {
		operation = &o.Operation
	}
	r.Report(invariant, key, r.world.now(), operation, fmt.Sprintf(format, args...))
}

func (r *recorder) broken(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = errors.Join(r.err, err)
}

// note adds a line to the timelines of the key that it names, or of all.
func (r *recorder) note(at instant, node int, text string) {
	key := coherencetest.AllKeys
	for k, name := range keyNames {
		if strings.Contains(text, name) {
			key = k
		}
	}
	r.Note(at, key, fmt.Sprintf("node %d: %s", node, text))
}

func (r *recorder) report() Report {
	return Report{Plan: r.plan, Operations: r.Operations(), Hash: r.hash, Violations: r.Violations(), Coverage: r.cover, serials: r.serials, checker: r.Checker}
}

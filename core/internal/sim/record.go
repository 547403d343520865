// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"errors"
	"fmt"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// recorder notes all operations and checks the answers.
type recorder struct {
	world *world
	plan  *Plan

	mu         sync.Mutex
	ops        []*op
	hash       uint64
	keys       []history
	payloads   map[core.Header]value // what was stored under each header
	violations []Violation
	err        error // the simulator itself has failed
}

// Violation is an answer that breaks an invariant.
type Violation struct {
	Invariant string
	Text      string
	key       int
	at        instant
	op        *op // nil if it is not about an operation
}

// String returns the violation as a line or two.
func (v Violation) String() string {
	s := fmt.Sprintf("%s: %s", v.Invariant, v.Text)
	if v.op != nil {
		s += "\n    " + v.op.String()
	}
	return s
}

func newRecorder(w *world) *recorder {
	return &recorder{world: w, plan: w.plan, keys: newHistories(w.plan), payloads: make(map[core.Header]value)}
}

// add takes an operation that has returned.
func (r *recorder) add(o *op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, o)
	r.hash += o.hash()
	r.check(o)
	for key := range r.keys {
		if o.touches(key) {
			r.keys[key].take(o, key)
		}
	}
}

// taint has the key judged by what is written from now on: what was written
// before may have been lost.
func (r *recorder) taint(key int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if key < len(r.keys) {
		r.keys[key].taint(r.world.now(), r.plan)
	}
}

// bury notes that a node has died, with all that it owed.
func (r *recorder) bury(node int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.keys {
		r.keys[key].bury(node)
	}
}

// forget drops what was known of a life of a node that has ended.
func (r *recorder) forget(node int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.keys {
		r.keys[key].forget(node)
	}
}

func (r *recorder) violated(invariant string, key int, o *op, format string, args ...any) {
	v := Violation{Invariant: invariant, Text: fmt.Sprintf(format, args...), key: key, at: r.world.now(), op: o}
	r.violations = append(r.violations, v)
}

func (r *recorder) broken(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = errors.Join(r.err, err)
}

func (r *recorder) report() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Report{Plan: r.plan, Operations: len(r.ops), Hash: r.hash, Violations: r.violations, ops: r.ops}
}

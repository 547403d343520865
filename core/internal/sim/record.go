// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// recorder notes all operations and checks the answers.
type recorder struct {
	plan *Plan

	mu         sync.Mutex
	ops        []*op
	hash       uint64
	keys       []history
	violations []Violation
}

// Violation is an answer that breaks an invariant.
type Violation struct {
	Invariant string
	Text      string
	op        *op
}

// String returns the violation as a line.
func (v Violation) String() string { return v.Invariant + ": " + v.Text + "\n    " + v.op.String() }

// Report is what came of a run.
type Report struct {
	Operations int
	Hash       uint64 // of the trace
	Violations []Violation

	plan  *Plan
	ops   []*op
	notes []note
}

func newRecorder(p *Plan) *recorder {
	return &recorder{plan: p, keys: newHistories(p)}
}

// add takes an operation that has returned.
func (r *recorder) add(o *op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, o)
	r.hash += o.hash()
	r.check(o)
	r.keys[o.key].take(o)
}

func (r *recorder) violated(invariant string, o *op, format string, args ...any) {
	r.violations = append(r.violations, Violation{invariant, fmt.Sprintf(format, args...), o})
}

func (r *recorder) report() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Report{Operations: len(r.ops), Hash: r.hash, Violations: r.violations, plan: r.plan, ops: r.ops}
}

// Timeline returns what happened to the key of a violation until then.
func (r Report) Timeline(v Violation) string {
	type line struct {
		at   instant
		text string
	}
	var lines []line
	for _, o := range r.ops {
		if o.key == v.op.key && o.from <= v.op.to && o.to >= v.op.from-30*time.Second {
			lines = append(lines, line{o.to, o.String()})
		}
	}
	for _, n := range r.notes {
		if n.at <= v.op.to && n.at >= v.op.from-30*time.Second && strings.Contains(n.text, keyNames[v.op.key]) {
			lines = append(lines, line{n.at, n.String()})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.at, b.at) })
	s := ""
	for _, l := range lines {
		s += "  " + l.text + "\n"
	}
	return s
}

// hash mixes what the operation was and came to.
func (o *op) hash() uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, x := range [...]uint64{
		uint64(o.from), uint64(o.to), uint64(o.action), uint64(o.client + 1), uint64(o.node), uint64(o.key),
		uint64(o.status), uint64(o.level), o.version, o.got.Version, uint64(o.got.Made),
	} {
		h ^= x
		h *= 0xbf58476d1ce4e5b9
		h ^= h >> 29
	}
	return h
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest

import (
	"fmt"
	"sync"
	"time"
)

// Bounds are how long things may take. They are counted in the time of the run;
// where a zero has a meaning of its own, it is said.
type Bounds struct {
	// Staleness is how long a committed write may be unknown to a reader, whatever
	// goes wrong. Default 6 s.
	Staleness time.Duration

	// AfterLoss takes the place of Staleness for LossTime after a call of
	// [Checker.Lose]: the nodes notice that the server has lost what it held when
	// they next read the mark of everything. Defaults 8 s and 20 s.
	AfterLoss, LossTime time.Duration

	// Quiet is the same where no fault has been for a while: none that began before
	// the read was still on, or over for less than Convergence, when the write
	// returned. 0: not checked.
	Quiet time.Duration

	// Convergence is how long after the last fault and the last write all nodes
	// have what the source of truth has. Default 9 s.
	Convergence time.Duration

	// Stale is how old a stale answer may be: its TTL or StaleTTL, whichever is
	// longer, what its factory took, and how far the clocks of two nodes differ at
	// most. 0: not checked.
	Stale time.Duration

	// ReadLate and WriteLate are how long after its deadline a call may return.
	// 0: not checked.
	ReadLate, WriteLate time.Duration
}

// DefaultConvergence is the default of Bounds.Convergence.
const DefaultConvergence = 9 * time.Second

// Options are what a [Checker] needs to know. Only Keys and Nodes are required.
type Options struct {
	// Keys and Nodes are how many there are: both have indexes from 0 on.
	Keys, Nodes int

	// Bounds are how long things may take.
	Bounds Bounds

	// Knows reports whether the source of truth, or a Set, has made v. If it is nil,
	// every version other than 0 is believed. It is called while the checker is
	// locked.
	Knows func(v Value) bool

	// Stalled returns for how long the machine did nothing at all between two
	// moments of real time; so much longer may everything take. Nil: never.
	Stalled func(from, to time.Duration) time.Duration

	// Watched says that [Checker.Stored] is called for whatever is put into the
	// distributed layer. More is checked then.
	Watched bool

	// Unordered says that writers of one key do not wait for each other. Only what
	// does not depend on the order of versions is checked then.
	Unordered bool

	// Weak says that the distributed layer is no core.Arbiter: a late load may undo a
	// write until what it stored expires. Only convergence, and what does not depend
	// on the order of versions, is checked then; Bounds.Convergence has to allow for
	// the longest load and the life of an entry.
	Weak bool

	// Lagging says that reads of the distributed layer may be behind its writes: what
	// was read there before may come back older. The order of what a node reads is not
	// checked then; Bounds.Staleness and Bounds.Convergence have to allow for the lag.
	Lagging bool

	// Remember is how many operations and notes are kept for timelines at least.
	// Default 20,000.
	Remember int
}

// Checker notes operations and checks them as they return. It needs memory for
// every write of the run, and for as many operations as it remembers. All methods
// are safe for concurrent use.
type Checker struct {
	opts Options

	mu         sync.Mutex
	keys       []*history
	lives      []int
	losses     []time.Duration
	faults     []span
	pauses     []pause
	operations int
	log        log
	violations []Violation
}

// New returns a checker for one run.
func New(o Options) *Checker {
	setDefault(&o.Bounds.Staleness, 6*time.Second)
	setDefault(&o.Bounds.AfterLoss, 8*time.Second)
	setDefault(&o.Bounds.LossTime, 20*time.Second)
	setDefault(&o.Bounds.Convergence, DefaultConvergence)
	if o.Remember == 0 {
		o.Remember = 20_000
	}
	c := &Checker{opts: o, lives: make([]int, o.Nodes), log: log{limit: o.Remember}}
	for range o.Keys {
		c.keys = append(c.keys, newHistory(o.Nodes, o.Watched))
	}
	return c
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// Add takes an operation that has returned, and checks it. The checker keeps it:
// the caller must not change it any more.
func (c *Checker) Add(o *Operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(o)
}

// AddFinal is Add for a read in the end, which began more than Bounds.Convergence
// after the last fault and the last write. want is the version of its key in the
// source of truth.
func (c *Checker) AddFinal(o *Operation, want uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(o)
	c.checkConverged(o, want)
}

func (c *Checker) add(o *Operation) {
	c.operations++
	c.log.add(o)
	c.check(o)
	current := o.Life == c.lives[o.Node]
	if !o.Action.Writes() {
		if current {
			c.keys[o.Key].takeRead(o)
		}
		return
	}
	for _, w := range o.Writes {
		c.keys[w.Key].takeWrite(o, w.Version, current)
	}
}

// Stored notes that v was put into the distributed layer at a moment.
func (c *Checker) Stored(v Value, at time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys[v.Key].stored[v] = at
}

// Confirmed notes that the source of truth has said at a moment that v, which a cache
// held, is still what it has: from then on v is as good as if it was made then.
func (c *Checker) Confirmed(v Value, at time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.keys[v.Key]
	h.confirmed[v] = max(h.confirmed[v], at)
}

// Outlived reports whether the answer of o may be older than a version of its key,
// because the life of that had ended when the answer was stored. See [Operation].Ends.
func (c *Checker) Outlived(version uint64, o *Operation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keys[o.Key].outlived(version, o)
}

// Operations returns how many operations the checker has seen.
func (c *Checker) Operations() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.operations
}

// maxViolations is how many violations are kept: what is wrong once is often wrong
// a thousand times.
const maxViolations = 100

// Violations returns what has been found, in the order in which it was found, up
// to the first hundred.
func (c *Checker) Violations() []Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Violation(nil), c.violations...)
}

// Report adds a violation that the test itself has found; op may be nil.
func (c *Checker) Report(invariant string, key int, at time.Duration, op *Operation, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report(Violation{Invariant: invariant, Text: text, Key: key, At: at, Operation: op})
}

func (c *Checker) report(v Violation) {
	if len(c.violations) < maxViolations {
		c.violations = append(c.violations, v)
	}
}

func (c *Checker) violated(invariant string, o *Operation, format string, args ...any) {
	c.report(Violation{Invariant: invariant, Text: fmt.Sprintf(format, args...), Key: o.Key, At: o.To, Operation: o})
}

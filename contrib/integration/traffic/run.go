// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package traffic

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherencetest"
)

// Options of a [Run].
type Options struct {
	Seed    uint64 // of what clients do
	Nodes   int    // how many; the first must never die
	Clients int    // per node

	// ReadLate is how late an answer may be after its deadline; a write may take
	// longer for what it has to do then. 0: not checked.
	ReadLate time.Duration

	// Stalled is [coherencetest.Options].Stalled.
	Stalled func(from, to time.Duration) time.Duration
}

// Run is nodes, their clients, and what is known of them.
type Run struct {
	*coherencetest.Checker
	source  *Source
	seed    uint64
	began   time.Time
	nodes   []Caller
	lives   []atomic.Int64
	clients []*client
	actors  uint64
	stalled func(from, to time.Duration) time.Duration
	healed  time.Duration // when the last round ended

	mu        sync.Mutex
	counts    map[string]int
	converged []time.Duration
}

// New returns a run that begins now. Its nodes are still to be set, with Connect.
func New(o Options) *Run {
	r := &Run{
		seed: o.Seed, began: time.Now(), nodes: make([]Caller, o.Nodes), lives: make([]atomic.Int64, o.Nodes),
		counts: map[string]int{}, stalled: o.Stalled,
	}
	r.source = newSource(r.Now)
	bounds := coherencetest.Bounds{ReadLate: o.ReadLate}
	if o.ReadLate > 0 {
		// The others are told, and another write of the key ends.
		bounds.WriteLate = o.ReadLate + core.DefaultDistributedTimeout + 600*time.Millisecond
	}
	r.Checker = coherencetest.New(coherencetest.Options{
		Keys: Keys, Nodes: o.Nodes, Bounds: bounds, Knows: r.source.knows, Stalled: o.Stalled,
	})
	for i := range o.Nodes * o.Clients {
		r.clients = append(r.clients, &client{Run: r, index: i, node: i / o.Clients, rng: r.Random()})
	}
	return r
}

// Connect sets a node.
func (r *Run) Connect(index int, c Caller) { r.nodes[index] = c }

// Source returns what the factories of the nodes ask.
func (r *Run) Source() *Source { return r.source }

// Now returns the time since the beginning.
func (r *Run) Now() time.Duration { return time.Since(r.began) }

// Random returns the dice of one more actor.
func (r *Run) Random() *rand.Rand {
	r.actors++
	return rand.New(rand.NewPCG(r.seed, r.actors))
}

// Broken reports whether something was found already.
func (r *Run) Broken() bool { return len(r.Violations()) > 0 }

// Tell adds a line to all timelines.
func (r *Run) Tell(text string) { r.Note(r.Now(), coherencetest.AllKeys, text) }

// Die notes that a node has died, and removes on another one what it owed.
func (r *Run) Die(ctx context.Context, node int) {
	r.lives[node].Add(1)
	r.Restart(node)
	for _, key := range r.Bury(node) {
		r.source.take([]int{key})
		r.mend(ctx, []int{key})
		r.source.free([]int{key})
	}
}

// Round lets clients and faults loose for a while, heals everything, and waits
// until the nodes agree.
func (r *Run) Round(ctx context.Context, m Mood, length time.Duration, lanes []*Lane) {
	var users, troubles sync.WaitGroup
	leave, heal := make(chan struct{}), make(chan struct{})
	for _, l := range lanes {
		troubles.Go(func() { l.live(r, heal) })
	}
	for _, c := range r.clients {
		users.Go(func() { c.live(ctx, m, leave) })
	}
	for end := r.Now() + length; r.Now() < end && !r.Broken(); {
		_ = rest(ctx, min(100*time.Millisecond, end-r.Now()))
	}
	close(heal)
	troubles.Wait()
	close(leave)
	users.Wait()
	r.Tell("all is healed, nobody writes")
	r.converge(ctx)
}

// mend removes keys by way of the node that never dies. The caller has their turns.
func (r *Run) mend(ctx context.Context, keys []int) {
	for _, key := range keys {
		o := &coherencetest.Operation{Client: -1, From: r.Now()}
		v := r.source.write(key, 0)
		o.Writes = []coherencetest.Version{{Key: key, Version: v.Version}}
		r.do(ctx, 0, Request{Action: coherencetest.Remove, Key: key}, o)
	}
}

// do makes a call and has it checked.
func (r *Run) do(ctx context.Context, node int, q Request, o *coherencetest.Operation) {
	r.call(ctx, node, q, o)
	r.Add(o)
}

// call makes a call and fills in what came of it.
func (r *Run) call(ctx context.Context, node int, q Request, o *coherencetest.Operation) {
	o.Action, o.Key, o.Node, o.Life = q.Action, q.Key, node, int(r.lives[node].Load())
	if !q.Action.Writes() {
		o.From = r.Now()
	}
	if q.Limit > 0 {
		o.Deadline = r.Now() + q.Limit
	}
	a := r.nodes[node].Call(ctx, q)
	o.To = r.Now()
	var err error
	if a.Failure != "" {
		err = errors.New(a.Failure)
	}
	o.Value, o.Stale, o.Level, o.Lost = a.Value, a.Stale, a.Level, a.Lost
	if q.Action.Writes() {
		o.Value = q.Value
		o.Wrote(a.Outcome, err)
	} else {
		o.Answered(a.OK, err)
	}
	if a.Lost {
		o.Status = coherencetest.Failed
	}
	r.count(o)
	if err != nil && !a.Ended {
		r.Report("no errors of servers", q.Key, o.To, o, "a caller sees no error but the end of its own context")
	}
}

func (r *Run) count(o *coherencetest.Operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	end := o.Status.String()
	if o.Lost {
		end = "lost"
	}
	r.counts[fmt.Sprintf("%v: %s", o.Action, end)]++
}

// convergence is the default bound of the checker.
const convergence = 9 * time.Second

// converge asks every node for every key until all have what the source has.
// Nobody writes meanwhile.
func (r *Run) converge(ctx context.Context) {
	r.healed = r.Now()
	for !r.Broken() && !r.agree(ctx, r.Add) {
		bound := r.healed + convergence
		if r.stalled != nil {
			bound += r.stalled(r.healed, r.Now())
		}
		if r.Now() > bound {
			r.agree(ctx, func(o *coherencetest.Operation) { r.AddFinal(o, r.source.version(o.Key)) })
			return
		}
		_ = rest(ctx, 20*time.Millisecond)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.converged = append(r.converged, r.Now()-r.healed)
}

// Settle waits, after the last round, until every node must have delivered what it
// owes. Nodes can be closed then without losing anything.
func (r *Run) Settle(ctx context.Context) {
	if !r.Broken() {
		_ = rest(ctx, r.healed+convergence-r.Now())
	}
}

// agree reports whether all nodes have what the source has; a Get may miss.
func (r *Run) agree(ctx context.Context, add func(o *coherencetest.Operation)) bool {
	for node := range r.nodes {
		for key := range Keys {
			for _, action := range []coherencetest.Action{coherencetest.Get, coherencetest.GetOrSet} {
				o := &coherencetest.Operation{Client: -1}
				r.call(ctx, node, Request{Action: action, Key: key}, o)
				add(o)
				missed := o.Status == coherencetest.Missed && action == coherencetest.Get
				if !missed && (o.Status != coherencetest.Found || o.Value.Version != r.source.version(key)) {
					return false
				}
			}
		}
	}
	return true
}

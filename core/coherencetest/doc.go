// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package coherencetest judges whether several caches behave as one, from what
// their callers were told. It knows nothing of how they work, so it can be used
// with any stack, any servers and any faults, in virtual time and in real time.
//
// A test runs nodes over the same servers, breaks what it likes, and has clients
// read and write. It keeps a source of truth in which every write of a key makes
// the next version, and caches values of type [Value], which carry their version.
// Whoever writes a key does so alone, from before the source has the write until
// his cache has returned: otherwise the program, and not the cache, would be to
// blame for the order. Every call is handed to a [Checker] when it has returned:
//
//	checker := coherencetest.New(coherencetest.Options{Keys: 8, Nodes: 3})
//	...
//	op := &coherencetest.Operation{Action: coherencetest.Set, Node: 1, Key: 5, From: now()}
//	outcome, err := cache.Set(ctx, "k5", op.Value)
//	op.To = now()
//	op.Wrote(outcome, err)
//	checker.Add(op)
//	...
//	for _, v := range checker.Violations() {
//		t.Error(v, checker.Timeline(v))
//	}
//
// What the test does to nodes and servers it tells the checker: [Checker.Lose],
// [Checker.Void], [Checker.Bury], [Checker.Restart], [Checker.Pause],
// [Checker.Fault]. All times are counted from the start of the run, in whatever
// clock the test has.
//
// # The invariants
//
//   - I1, staleness: soon after a write was committed, every node shows it.
//   - I2, convergence: when all faults are past, every node has what the source has.
//   - I4, limit of fail-safe: a stale answer is not older than agreed.
//   - I5, resurrection: what was removed is never seen again.
//   - I6, monotonic reads: a node does not go back behind what it has shown.
//   - I7, own writes: a node shows what was written on it.
//   - I13, deadline: a call returns when its context ends.
//   - I15, honest outcome: what failed is never seen; what was committed was stored.
//   - I16, panic: no answer without an error is the zero value.
//   - I17, quarantine: no answer is damaged, or that of another key.
//
// The exact sentences stand at the functions in check.go.
package coherencetest

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"sync"
	"time"
)

// promptly is how long after a price change the old price may still be served.
const promptly = time.Second

// ledger knows what the clients have been told, so that it can judge answers.
// Safe for concurrent use.
type ledger struct {
	mu      sync.Mutex
	changes map[int][]change // by product, in order
}

// change is a price that was confirmed to the client who set it.
type change struct {
	revision int64
	cents    int64
	at       time.Duration // on the stopwatch
}

func newLedger() *ledger { return &ledger{changes: map[int][]change{}} }

// changed notes that p has a new price since at.
func (l *ledger) changed(p Product, at time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes[p.ID] = append(l.changes[p.ID], change{p.Revision, p.Cents, at})
}

// changedIDs returns the products whose price has changed since at.
func (l *ledger) changedIDs(since time.Duration) []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []int
	for id, changes := range l.changes {
		if changes[len(changes)-1].at > since {
			ids = append(ids, id)
		}
	}
	return ids
}

// fault is what is wrong with an answer.
type fault uint8

const (
	right    fault = iota
	outdated       // the price was changed more than promptly before the question
	wrong          // another product, or a price that it never had
)

// judge looks at the answer to a question for product id that was put at asked.
func (l *ledger) judge(id int, p Product, asked time.Duration) fault {
	if p.ID != id {
		return wrong
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	verdict := right
	for _, c := range l.changes[id] {
		switch {
		case c.revision == p.Revision && c.cents != p.Cents:
			return wrong
		case c.revision > p.Revision && asked-c.at > promptly:
			verdict = outdated
		}
	}
	return verdict
}

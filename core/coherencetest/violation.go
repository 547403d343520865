// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Violation is an answer that breaks an invariant.
type Violation struct {
	Invariant string
	Text      string
	Key       int
	At        time.Duration
	Operation *Operation // nil if it is not about one
}

// String returns the violation in a line or two.
func (v Violation) String() string {
	s := fmt.Sprintf("%s: k%d: %s", v.Invariant, v.Key, v.Text)
	if v.Operation != nil {
		s += "\n    " + v.Operation.String()
	}
	return s
}

// AllKeys stands for every key in a note.
const AllKeys = -1

// Note adds a line to the timelines of a key, or of AllKeys, such as a fault.
func (c *Checker) Note(at time.Duration, key int, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log.note(note{at, key, text})
}

// Timeline returns what happened to the key of a violation in the half minute
// before it, a line for each operation and note.
func (c *Checker) Timeline(v Violation) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var s strings.Builder
	for _, l := range c.log.about(v.Key, v.At-horizon, v.At) {
		fmt.Fprintf(&s, "  %s\n", l.text)
	}
	return s.String()
}

// horizon is how far back a timeline goes.
const horizon = 30 * time.Second

// log keeps the latest operations and notes.
type log struct {
	limit      int
	operations []*Operation
	notes      []note
}

type note struct {
	at   time.Duration
	key  int
	text string
}

func (l *log) add(o *Operation) { l.operations = append(trim(l.operations, l.limit), o) }
func (l *log) note(n note)      { l.notes = append(trim(l.notes, l.limit), n) }

// trim drops the older half of a list of twice its limit.
func trim[T any](list []T, limit int) []T {
	if len(list) < 2*limit {
		return list
	}
	rest := copy(list, list[limit:])
	clear(list[rest:])
	return list[:rest]
}

// about returns the lines of a key between two moments, in the order of time.
func (l *log) about(key int, from, to time.Duration) (lines []note) {
	for _, o := range l.operations {
		if o.touches(key) && o.From <= to && o.To >= from {
			lines = append(lines, note{o.To, key, o.String()})
		}
	}
	for _, n := range l.notes {
		if (n.key == key || n.key == AllKeys) && n.at <= to && n.at >= from {
			lines = append(lines, note{n.at, key, fmt.Sprintf("%13.6f  %s", n.at.Seconds(), n.text)})
		}
	}
	slices.SortStableFunc(lines, func(a, b note) int { return cmp.Compare(a.at, b.at) })
	return lines
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherencetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Action is what a client asks for.
type Action uint8

// The actions. All from Set on are writes.
const (
	Get      Action = iota
	GetOrSet        // also called a load
	Set
	Remove
	Expire
	RemoveByTag
	ExpireByTag
	Clear
	ExpireAll
)

var actionNames = [...]string{
	Get: "get", GetOrSet: "get or set", Set: "set", Remove: "remove", Expire: "expire",
	RemoveByTag: "remove by tag", ExpireByTag: "expire by tag", Clear: "clear", ExpireAll: "expire all",
}

// String returns the action in lower case.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return "unknown"
}

// Writes reports whether the action is a write.
func (a Action) Writes() bool { return a >= Set }

// Removes reports whether nothing that was there before may be served any more,
// not even as stale.
func (a Action) Removes() bool { return a == Remove || a == RemoveByTag || a == Clear }

// Status is what came of an operation.
type Status uint8

// The statuses.
const (
	Failed    Status = iota // an error, or nobody knows
	Found                   // a read with a value
	Missed                  // a read without
	Committed               // a write that every level has acknowledged
	LocalOnly               // a write that its node serves at least
)

var statusNames = [...]string{Failed: "failed", Found: "found", Missed: "missed", Committed: "committed", LocalOnly: "local only"}

// String returns the status in lower case.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown"
}

// Value is what the caches hold. No two calls may make the same one.
type Value struct {
	Key     int           // index of the key that it was made for
	Node    int           // index of the node that made it
	Version uint64        // of the key in the source of truth; the first is 1
	Made    time.Duration // when the Set that wrote it, or the factory, began; or when the factory read the source
}

// Version is a version of a key in the source of truth.
type Version struct {
	Key     int
	Version uint64
}

// Operation is one call and what came of it. All times are counted from the start
// of the run.
type Operation struct {
	Action Action
	Client int // for timelines; what it means is up to the test
	Node   int // index of the node
	Life   int // how many lives the node had had when the call began; see [Checker.Restart]
	Key    int // index of the key of a read, or of a write of one key

	Writes []Version // of a write: what it made in the source of truth, before the call
	Value  Value     // what a read has found, or what a Set writes

	// Ends is when the distributed layer forgets what a Set writes: the end of its
	// life there, with what is kept for fail-safe. 0: not within the run.
	Ends time.Duration

	From, To time.Duration // call and return
	Deadline time.Duration // of the context; 0 if it has none
	Status   Status
	Lost     bool       // the node died meanwhile: what came of a write, nobody knows
	Stale    bool       // the answer was marked as stale; see [Observer]
	Level    core.Level // where the answer comes from; 0 if it was fresh in memory
	Err      error

	// Detail is printed in timelines after the action. It may be nil.
	Detail fmt.Stringer
}

// Answered fills in what a Get or a GetOrSet has returned, but for the Value: ok is
// the report of a Get, and true for a GetOrSet.
func (o *Operation) Answered(ok bool, err error) {
	o.Err = err
	switch {
	case err != nil:
		o.Status = Failed
	case ok:
		o.Status = Found
	default:
		o.Status = Missed
	}
}

// Wrote fills in what a write has returned.
func (o *Operation) Wrote(outcome core.Outcome, err error) {
	o.Err = err
	switch outcome {
	case core.Committed:
		o.Status = Committed
	case core.LocalOnly:
		o.Status = LocalOnly
	default:
		o.Status = Failed
	}
}

// touches reports whether the operation is about a key.
func (o *Operation) touches(key int) bool {
	if !o.Action.Writes() {
		return o.Key == key
	}
	for _, w := range o.Writes {
		if w.Key == key {
			return true
		}
	}
	return false
}

// String returns the operation as a line of a timeline.
func (o *Operation) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%13.6f..%13.6f  node %d.%d client %d  %v", o.From.Seconds(), o.To.Seconds(), o.Node, o.Life, o.Client, o.Action)
	if !o.Action.Writes() {
		fmt.Fprintf(&s, " k%d", o.Key)
	}
	for _, w := range o.Writes {
		fmt.Fprintf(&s, " k%d v%d", w.Key, w.Version)
	}
	if o.Detail != nil {
		s.WriteString(o.Detail.String())
	}
	fmt.Fprintf(&s, "  %v", o.Status)
	if o.Status == Found {
		v := o.Value
		fmt.Fprintf(&s, " v%d made %.6f at %d", v.Version, v.Made.Seconds(), v.Node)
		if o.Level != 0 {
			fmt.Fprintf(&s, ", level %v", o.Level)
		}
		if o.Stale {
			s.WriteString(" STALE")
		}
	}
	if o.Lost {
		s.WriteString(" LOST")
	}
	if o.Err != nil {
		fmt.Fprintf(&s, " (%v)", o.Err)
	}
	return s.String()
}

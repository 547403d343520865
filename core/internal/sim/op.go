// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
)

// action is what a client does.
type action uint8

const (
	doGet action = iota
	doLoad
	doSet
	doRemove
	doExpire
	actions
)

var actionNames = [...]string{
	doGet: "get", doLoad: "get or set", doSet: "set", doRemove: "remove", doExpire: "expire",
}

func (a action) String() string { return actionNames[a] }

func (a action) writes() bool { return a >= doSet }

// status is what came of an operation.
type status uint8

const (
	failed    status = iota // an error, or a node that died meanwhile
	found                   // a read with a value
	missed                  // a read without
	committed               // a write that every level has acknowledged
	localOnly               // a write that this node serves at least
)

var statusNames = [...]string{failed: "failed", found: "found", missed: "missed", committed: "committed", localOnly: "local only"}

func (s status) String() string { return statusNames[s] }

// op is one operation of a client.
type op struct {
	action action
	client int
	node   int
	life   int
	key    int
	lane   instant

	from, to instant // call and return
	status   status
	stale    bool // the answer was marked as stale
	level    core.Level
	got      value  // of a read
	version  uint64 // of a write
	err      error
}

// context returns ctx for the operation.
func (o *op) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, opKey{}, o)
}

// String returns the operation as a line of a timeline.
func (o *op) String() string {
	s := fmt.Sprintf("%13.6f..%13.6f  node %d.%d client %d  %-10s k%d  %s", o.from.Seconds(), o.to.Seconds(), o.node, o.life, o.client, o.action, o.key, o.status)
	switch {
	case o.action.writes():
		s += fmt.Sprintf(" v%d", o.version)
	case o.status == found:
		s += fmt.Sprintf(" v%d made %.6f at %d, level %v", o.got.Version, o.got.Made.Seconds(), o.got.Origin, o.level)
		if o.stale {
			s += " STALE"
		}
	}
	if o.err != nil {
		s += " (" + o.err.Error() + ")"
	}
	return s
}

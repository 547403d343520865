// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"fmt"
	"strings"

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
	doRemoveTag
	doExpireTag
	doClear
	doExpireAll
	actions
)

var actionNames = [...]string{
	doGet: "get", doLoad: "get or set", doSet: "set", doRemove: "remove", doExpire: "expire",
	doRemoveTag: "remove by tag", doExpireTag: "expire by tag", doClear: "clear", doExpireAll: "expire all",
}

// String returns the name of the action.
func (a action) String() string { return actionNames[a] }

func (a action) writes() bool { return a >= doSet }

// removes reports whether nothing that was there before may be served any more,
// not even as stale.
func (a action) removes() bool { return a == doRemove || a == doRemoveTag || a == doClear }

// marks reports whether the action is about many keys.
func (a action) marks() bool { return a >= doRemoveTag }

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

// String returns the name of the status.
func (s status) String() string { return statusNames[s] }

// op is one operation of a client.
type op struct {
	serial uint32
	action action
	client int
	node   int
	life   int
	key    int    // of a read, or a write of one key
	keys   keySet // of a write
	tag    int    // of a write by tag
	lane   instant
	choice choice
	wakes  int // how often it was woken together with others

	from, to instant // call and return
	status   status
	died     bool // the node, meanwhile
	stale    bool // the answer was marked as stale
	level    core.Level
	got      value           // of a read
	versions [maxKeys]uint64 // of a write
	err      error
}

// serial returns the number of a client's n-th operation.
func serial(client int, n uint64) uint32 { return uint32(client+1)<<20 | uint32(n) }

// keySet is a set of indexes of keys.
type keySet uint8

func (s keySet) has(key int) bool { return s>>key&1 != 0 }

// touches reports whether the operation is about key.
func (o *op) touches(key int) bool {
	if o.action.writes() {
		return o.keys.has(key)
	}
	return o.key == key
}

// context returns ctx for the operation.
func (o *op) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, opKey{}, o)
}

// String returns the operation as a line of a timeline.
func (o *op) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%13.6f..%13.6f  node %d.%d client %d  %v ", o.from.Seconds(), o.to.Seconds(), o.node, o.life, o.client, o.action)
	switch {
	case !o.action.marks():
		fmt.Fprintf(&s, "k%d", o.key)
	case o.action <= doExpireTag:
		fmt.Fprintf(&s, "t%d", o.tag)
	}
	fmt.Fprintf(&s, "%s  %v", o.choice, o.status)
	switch {
	case o.action.writes():
		for k, v := range o.versions {
			if o.keys.has(k) {
				fmt.Fprintf(&s, " k%d v%d", k, v)
			}
		}
	case o.status == found:
		fmt.Fprintf(&s, " v%d made %.6f at %d, level %v", o.got.Version, o.got.Made.Seconds(), o.got.Origin, o.level)
		if o.stale {
			s.WriteString(" STALE")
		}
	}
	if o.err != nil {
		fmt.Fprintf(&s, " (%v)", o.err)
	}
	return s.String()
}

// hash mixes what the operation was and came to.
func (o *op) hash() uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	mix := func(x uint64) {
		h ^= x
		h *= 0xbf58476d1ce4e5b9
		h ^= h >> 29
	}
	for _, x := range [...]uint64{
		uint64(o.from), uint64(o.to), uint64(o.action), uint64(o.client + 1), uint64(o.node), uint64(o.key),
		uint64(o.status), uint64(o.level), uint64(o.keys), o.got.Version, uint64(o.got.Made),
	} {
		mix(x)
	}
	for _, v := range o.versions {
		mix(v)
	}
	return h
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"context"
	"sync/atomic"

	"github.com/fusioncache-go/fusioncache/core/coherencetest"
)

// What the simulator shares with its checker, by shorter names.
type (
	action = coherencetest.Action
	value  = coherencetest.Value
)

const (
	doGet       = coherencetest.Get
	doLoad      = coherencetest.GetOrSet
	doSet       = coherencetest.Set
	doRemove    = coherencetest.Remove
	doExpire    = coherencetest.Expire
	doRemoveTag = coherencetest.RemoveByTag
	doExpireTag = coherencetest.ExpireByTag
	doClear     = coherencetest.Clear
	doExpireAll = coherencetest.ExpireAll
	actions     = doExpireAll + 1
)

// marks reports whether an action is about many keys.
func marks(a action) bool { return a >= doRemoveTag }

// op is one operation of a client.
type op struct {
	coherencetest.Operation
	serial     uint32
	keys       keySet // of a write
	tag        int    // of a write by tag
	lane       instant
	choice     choice
	wakes      atomic.Int32 // how often it was woken together with others
	began      conditionSet
	unanswered bool  // calls of the node to the store failed meanwhile, or shortly before
	others     []*op // the same for other keys, of an operation on many
}

// serial returns the number of a client's n-th operation.
func serial(client int, n uint64) uint32 { return uint32(client+1)<<20 | uint32(n) }

// keySet is a set of indexes of keys.
type keySet uint8

func (s keySet) has(key int) bool { return s>>key&1 != 0 }

// context returns ctx for the operation.
func (o *op) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, opKey{}, o)
}

// parts returns the operation and the others.
func (o *op) parts() []*op { return append([]*op{o}, o.others...) }

// part returns the operation, or the one of the others that is about a key.
func (o *op) part(key int) *op {
	for _, other := range o.others {
		if other.Key == key {
			return other
		}
	}
	return o
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
		uint64(o.From), uint64(o.To), uint64(o.Action), uint64(o.Client + 1), uint64(o.Node), uint64(o.Key),
		uint64(o.Status), uint64(o.Level), uint64(o.keys), o.Value.Version, uint64(o.Value.Made),
	} {
		mix(x)
	}
	for _, w := range o.Writes {
		mix(w.Version)
	}
	return h
}

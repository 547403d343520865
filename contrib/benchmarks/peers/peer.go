// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package peers has a contestant in each file: caches that answer a read from
// memory, or load what they do not have.
package peers

import (
	"context"
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/load"
)

// Cache is a contestant. It is safe for concurrent use.
type Cache[V any] interface {
	// Get returns the value of key, which is loaded if the cache does not have it.
	Get(ctx context.Context, key string) (V, error)

	// Close ends what the cache has started.
	Close()
}

// Settle waits until c has stored what it was given, if it does that later.
func Settle[V any](c Cache[V]) {
	if late, ok := c.(interface{ settle() }); ok {
		late.settle()
	}
}

// Class is what a contestant can do.
type Class int

// The classes.
const (
	Limit      Class = iota // a store, with no more around it than must be
	Ours                    // this project
	MemoryOnly              // a cache in memory that loads what it does not have
	MultiLevel              // one that can have a level on a server, too
)

// String returns the name of the class.
func (c Class) String() string {
	return [...]string{"limit", "ours", "memory only", "multi-level"}[c]
}

// Config is what a contestant is made for.
type Config[V any] struct {
	Capacity int // entries that must fit
	Memory   int // bytes for those that keep bytes; 0: enough for the entries, by calculation
	Load     load.Func[V]
	Redis    string // address of a server, for contestants that cannot do without
}

// Peer makes a contestant.
type Peer[V any] struct {
	Name       string
	Class      Class
	Bytes      bool // values are kept encoded
	NeedsRedis bool
	New        func(Config[V]) (Cache[V], error)
}

// All returns all contestants. Those that keep objects come first, and of those and
// the others each time the one that the others are compared with.
func All[V any]() []Peer[V] {
	return []Peer[V]{
		{Name: OtterLoad, Class: Limit, New: newOtterLoad[V]},
		{Name: "otter, Get", Class: Limit, New: newOtterGet[V]},
		{Name: "sharded map", Class: Limit, New: newShards[V]},
		{Name: OursOtter, Class: Ours, New: newOursOtter[V]},
		{Name: OursOptions, Class: Ours, New: newOursOptions[V]},
		{Name: OursTagged, Class: Ours, New: newOursTagged[V]},
		{Name: OursPlugins, Class: Ours, New: newOursPlugins[V]},
		{Name: OursPolicies, Class: Ours, New: newOursPolicies[V]},
		{Name: Theine, Class: MemoryOnly, New: newTheine[V]},
		{Name: "ristretto", Class: MemoryOnly, New: newRistretto[V]},
		{Name: "hot", Class: MemoryOnly, New: newHot[V]},
		{Name: Sturdyc, Class: MultiLevel, New: newSturdyc[V]},
		{Name: FreecachePlain, Class: Limit, Bytes: true, New: newFreecachePlain[V]},
		{Name: "freecache, pooled msgpack", Class: Limit, Bytes: true, New: newFreecachePooled[V]},
		{Name: OursFreecache, Class: Ours, Bytes: true, New: newOursFreecache[V]},
		{Name: "go-redis/cache, TinyLFU", Class: MultiLevel, Bytes: true, New: newRedisCache[V]},
		{Name: "jetcache-go, freecache", Class: MultiLevel, Bytes: true, New: newJetcache[V]},
		{Name: "gocache, freecache", Class: MultiLevel, Bytes: true, New: newGocache[V]},
		{Name: "rueidisaside", Class: MultiLevel, Bytes: true, NeedsRedis: true, New: newRueidisAside[V]},
	}
}

// Names of contestants that budgets speak of.
const (
	OtterLoad      = "otter, loading Get"
	OursOtter      = "ours, otter"
	OursOptions    = "ours, otter, 2 options a call"
	OursTagged     = "ours, otter, 1 tag"
	OursPlugins    = "ours, otter, events + stats + breaker"
	OursPolicies   = "ours, otter, all policies"
	Theine         = "theine, loading Get"
	Sturdyc        = "sturdyc"
	FreecachePlain = "freecache, msgpack"
	OursFreecache  = "ours, freecache"
)

// ttl is longer than any measurement.
const ttl = time.Hour

var errNotFound = errors.New("not found")

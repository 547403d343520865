// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"cmp"
	"time"
)

// Defaults of entry options whose zero value stands for them.
const (
	DefaultThrottle           = 30 * time.Second
	DefaultLoadTimeout        = 2 * time.Minute
	DefaultDistributedTimeout = time.Second
	DefaultDistributedTTL     = 24 * time.Hour
)

// EntryOptions say how one entry, or one call, behaves. A stack has a set of
// them, a view may refine it, and the [Option] values of a call refine it once
// more: what is not given is inherited, by every method alike.
//
// The zero value is valid: entries that do not expire, no fail-safe, no time
// limit on the caller's wait.
type EntryOptions struct {
	// TTL is the logical life of an entry, from the end of the factory or from
	// Set. Zero or Forever: no expiry; layers may still evict.
	TTL time.Duration

	// DistributedTTL is the life in the distributed layer, where it should differ
	// from TTL. Zero: as TTL, or DefaultDistributedTTL if there is no TTL, so
	// that nothing is immortal by accident; Forever for that.
	DistributedTTL time.Duration

	// Jitter lengthens the life in memory by a random time below it, so that
	// entries written together do not expire together. Not in the distributed
	// layer.
	Jitter time.Duration

	// IdleTTL ends the life in memory of an entry that has not been used for so
	// long; it is read again, from the distributed layer if that has it. A hit of
	// GetOrSet or Get is a use. Zero: off. A layer of bytes keeps the time of
	// the last use to a 64th of IdleTTL, by which an entry may end earlier.
	IdleTTL time.Duration

	// EagerRefresh is the part of TTL, between 0 and 1, after which a GetOrSet that
	// hits has the entry refreshed in the background; a refresh that fails is tried
	// again after Throttle. If the distributed layer has something newer by then,
	// that is taken, and no factory runs. Zero: off. Not with EagerChance.
	EagerRefresh float64

	// EagerChance is EagerRefresh by chance (XFetch): a hit refreshes the more likely
	// the nearer the end is, in units of what the factory took times EagerChance. So
	// nodes do not refresh all at once, and slow factories start earlier. 1 is a good
	// value, more is earlier. Zero: off. Values from Set are not refreshed.
	EagerChance float64

	// StaleWhileRevalidate is how long after the end of its life an entry is served
	// stale by GetOrSet while it is refreshed in the background, as with
	// EagerRefresh. Not after Expire or a write of another node. Zero: off.
	StaleWhileRevalidate time.Duration

	// StaleIfError is how long after the end of its life an entry is served stale if
	// the factory fails: fail-safe in a window that does not count from the last
	// success. It knows no soft timeouts. Zero: off.
	StaleIfError time.Duration

	// StaleTTL switches fail-safe on: for so long after the last success, instead
	// of only for TTL, an entry is kept on every level to stand in for a factory
	// that fails or is late. It never gets longer by being served. Zero: off. Not
	// below TTL, which it needs unless it is Forever.
	StaleTTL time.Duration

	// DistributedStaleTTL is StaleTTL in the distributed layer, where it should
	// differ. Zero: as StaleTTL. Not below DistributedTTL. Needs StaleTTL.
	DistributedStaleTTL time.Duration

	// FailSafeDefault is what GetOrSet returns instead of an error when there is no
	// stale entry to serve; see the option of that name. It is stored nowhere:
	// ErrorBackoff spares the factory. Nil: none.
	FailSafeDefault *Entry

	// Throttle is how long a stale entry is served, after a refresh has failed,
	// before the factory is tried again. Zero: DefaultThrottle.
	Throttle time.Duration

	// MaxCycles bounds the throttle windows in a row: the refresh that would open
	// another returns the factory's error. A success starts over. Zero: no bound
	// but StaleTTL. Needs StaleTTL or StaleIfError.
	MaxCycles int

	// SoftTimeout is how long a caller waits for the factory when a stale entry
	// can be served instead. Zero or Forever: none. Without a stale entry, or
	// without fail-safe, it does nothing.
	SoftTimeout time.Duration

	// HardTimeout is how long a caller waits for the factory in any case. Then it
	// gets the stale entry, or ErrFactoryTimeout. Zero or Forever: none.
	HardTimeout time.Duration

	// StrictHardTimeout makes a hard timeout an error even when a stale entry
	// exists. Needs HardTimeout.
	StrictHardTimeout bool

	// CancelOnTimeout ends the factory when the last caller has stopped waiting.
	// Otherwise it goes on in the background, and its result is stored. SoftTimeout,
	// HardTimeout and the end of a caller's context end a wait.
	CancelOnTimeout bool

	// LoadTimeout is the factory's own budget: its context ends then. Zero:
	// DefaultLoadTimeout; none for a caller who waits for ever, with a context that
	// cannot be cancelled and no timeout. With a distributed layer a result
	// that took longer than the stack's MaxFillAge (30 s) is returned but not
	// stored.
	LoadTimeout time.Duration

	// NodeLock is how long a load waits while another node loads the same key, to
	// use the result of that. Then, or when the lock service fails, it loads itself.
	// Zero: it does not wait. Needs the stack's Locker. It does nothing where the read
	// or the write of the distributed layer is skipped, and has the result written in
	// the foreground, whatever BackgroundWrites says.
	NodeLock time.Duration

	// ErrorBackoff is how long callers get the error of a factory that has failed,
	// when there is no stale entry to serve, before it is called again. A write,
	// removal or message for the key ends it. Zero: no time.
	ErrorBackoff time.Duration

	// ErrorBackoffMax has ErrorBackoff double with each further failure of the key in
	// a row, up to this; by chance it is up to a fifth less, so that nodes do not try
	// in step, but never less than ErrorBackoff. A success, and what ends the back-off,
	// ends the row. Zero: it does not grow. Not below ErrorBackoff, which it needs.
	ErrorBackoffMax time.Duration

	// DistributedSoftTimeout is how long a read of the distributed layer may take
	// when memory holds a stale entry. Zero or Forever: none. Needs StaleTTL.
	// DistributedTimeout holds in any case.
	DistributedSoftTimeout time.Duration

	// DistributedTimeout bounds every operation on the distributed layer, and
	// every publication. Zero: DefaultDistributedTimeout.
	DistributedTimeout time.Duration

	// ReturnLayerErrors makes Get, Set, Remove and Expire, for one key and for many,
	// return the errors of the distributed layer, the backplane and the serializer as
	// *LayerError. Otherwise only events show them. What BackgroundWrites does later
	// is returned to nobody, and a Get that a stale value will do for gets that instead.
	ReturnLayerErrors bool

	// AllowStale lets Get and GetMany return an entry whose logical life has ended.
	// StaleTTL, StaleWhileRevalidate and StaleIfError keep such entries.
	AllowStale bool

	// Clone gives every reader a value of its own, and keeps one that no caller
	// has: each is made by encoding and decoding with the stack's serializer, which
	// it needs. Without it all readers of a layer of objects share one value, which
	// nobody may change.
	Clone bool

	// Push sends a value of up to 32 KiB along with the message that it was written,
	// to the nodes that hold the key in memory: these then ask the distributed layer
	// for its header only. Needs the stack's Distributed and MessageKeys. Must not be set
	// where the stack's Distributed conceals values, as behind layer.Encrypt: messages
	// would show them.
	Push bool

	// BackgroundWrites makes writes return before the distributed layer and the
	// backplane have taken them. Their order per key is kept; Close waits.
	BackgroundWrites bool

	// NotFoundTTL makes a factory's ErrNotFound an answer that is stored on all
	// levels for so long: GetOrSet returns the error without asking again, and Get
	// finds nothing. Zero: it is not stored.
	NotFoundTTL time.Duration

	// NotFoundJitter is Jitter for NotFoundTTL, which it needs.
	NotFoundJitter time.Duration

	// Size is what the entry weighs, in units of the user's, for memory layers that
	// have a bound on the sum. Zero: 1.
	Size uint32

	// Priority says how much the entry is worth keeping. It goes with the entry to
	// all levels and nodes, for memory layers that heed it: layer.ByPriority gives each
	// priority a layer of its own. One layer alone drops what is used least, whatever
	// its priority. Zero: NormalPriority.
	Priority Priority

	// Tags name groups that the entry can be removed or expired with. At most 16,
	// of 1 to 256 bytes each.
	Tags []string

	// Skip leaves out parts of the way.
	Skip Skip
}

// Skip is a set of parts to leave out. The parts are independent of each other.
type Skip uint8

// The parts that can be skipped.
const (
	// SkipMemoryRead does not ask memory.
	SkipMemoryRead Skip = 1 << iota

	// SkipMemoryWrite does not store the value in memory.
	SkipMemoryWrite

	// SkipDistributedRead does not ask the distributed layer.
	SkipDistributedRead

	// SkipDistributedWrite neither writes to the distributed layer nor removes from it.
	SkipDistributedWrite

	// SkipNotify tells no other node.
	SkipNotify

	// SkipDistributedReadWhenStale is SkipDistributedRead where memory has a stale
	// entry: for a distributed layer that nobody else writes to.
	SkipDistributedReadWhenStale

	// SkipMemory is both parts of memory.
	SkipMemory = SkipMemoryRead | SkipMemoryWrite

	// SkipDistributed is both parts of the distributed layer, and SkipNotify.
	SkipDistributed = SkipDistributedRead | SkipDistributedWrite | SkipNotify
)

// Has reports whether all parts of p are in s.
func (s Skip) Has(p Skip) bool { return s&p == p }

// WithDefaults returns o with every zero value that stands for a default
// replaced by it.
func (o EntryOptions) WithDefaults() EntryOptions {
	if o.DistributedTTL == 0 {
		o.DistributedTTL = cmp.Or(o.TTL, DefaultDistributedTTL)
	}
	o.TTL = cmp.Or(o.TTL, Forever)
	o.Throttle = cmp.Or(o.Throttle, DefaultThrottle)
	o.DistributedTimeout = cmp.Or(o.DistributedTimeout, DefaultDistributedTimeout)
	return o
}

// FailSafe reports whether stale entries may be served.
func (o *EntryOptions) FailSafe() bool { return o.StaleTTL > 0 }

// Rescues returns until when an entry with m may be served if the factory fails; the
// zero Instant if it may not. The entry must not be dead.
func (o *EntryOptions) Rescues(m *Meta) (end Instant) {
	if o.FailSafe() {
		end = m.Rescued()
	}
	switch {
	case o.StaleIfError <= 0:
		return end
	case m.Ended():
		return m.Dead // nobody knows how long ago that was
	}
	return max(end, min(m.Stale.Add(o.StaleIfError), m.Dead))
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
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

	// StaleTTL switches fail-safe on: for so long after the last success, instead
	// of only for TTL, an entry is kept on every level to stand in for a factory
	// that fails or is late. It never gets longer by being served. Zero: off. Not
	// below TTL.
	StaleTTL time.Duration

	// Throttle is how long a stale entry is served, after a refresh has failed,
	// before the factory is tried again. Zero: DefaultThrottle. Needs StaleTTL.
	Throttle time.Duration

	// MaxCycles bounds the throttle windows in a row: the refresh that would open
	// another returns the factory's error. A success starts over. Zero: no bound
	// but StaleTTL.
	MaxCycles int

	// SoftTimeout is how long a caller waits for the factory when a stale entry
	// can be served instead. Zero or Forever: none. Without a stale entry, and
	// without fail-safe, it does nothing.
	SoftTimeout time.Duration

	// HardTimeout is how long a caller waits for the factory in any case. Then it
	// gets the stale entry, or ErrFactoryTimeout. Zero or Forever: none.
	HardTimeout time.Duration

	// StrictHardTimeout makes a hard timeout an error even when a stale entry
	// exists. Needs HardTimeout.
	StrictHardTimeout bool

	// LoadTimeout is the factory's own budget: its context ends then. Zero:
	// DefaultLoadTimeout, for a caller whose context can be cancelled; none for
	// one that waits for ever by its own choice. With a distributed layer a result
	// that took longer than the stack's MaxFillAge (30 s) is returned but not
	// stored.
	LoadTimeout time.Duration

	// CancelOnTimeout ends the factory when the last caller has stopped waiting.
	// Otherwise it goes on in the background, and its result is stored.
	CancelOnTimeout bool

	// NodeLock is how long a load waits while another node loads the same key, to
	// use the result of that. Then, or when the lock service fails, it loads itself.
	// Zero: it does not wait. Needs the stack's Locker, and not the parts of the
	// distributed layer skipped. A result is written in the foreground then.
	NodeLock time.Duration

	// ErrorBackoff is how long callers get the error of a factory that has failed,
	// when there is no stale entry to serve, before it is called again. A write,
	// removal or message for the key ends it. Zero: no time.
	ErrorBackoff time.Duration

	// DistributedSoftTimeout is how long a read of the distributed layer may take
	// when memory holds a stale entry. Zero or Forever: none. Needs StaleTTL.
	DistributedSoftTimeout time.Duration

	// DistributedTimeout bounds every operation on the distributed layer, and
	// every publication. Zero: DefaultDistributedTimeout.
	DistributedTimeout time.Duration

	// ReturnLayerErrors makes Get, Set, Remove and Expire return the errors of
	// the distributed layer, the backplane and the serializer as *LayerError.
	// Otherwise only events show them.
	ReturnLayerErrors bool

	// AllowStale lets Get return an entry whose logical life has ended.
	AllowStale bool

	// Clone gives every reader a value of its own, and keeps one that no caller
	// has: each is made by encoding and decoding with the stack's serializer, which
	// it needs. Without it all readers of a layer of objects share one value, which
	// nobody may change.
	Clone bool

	// BackgroundWrites makes writes return before the distributed layer and the
	// backplane have taken them. Their order per key is kept; Close waits.
	BackgroundWrites bool

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
	SkipMemoryRead Skip = 1 << iota
	SkipMemoryWrite
	SkipDistributedRead
	SkipDistributedWrite
	SkipNotify // tell no other node

	SkipMemory      = SkipMemoryRead | SkipMemoryWrite
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

// Meta returns the metadata of an entry that was begun at born and finished at
// now.
func (o *EntryOptions) Meta(born, now Instant) Meta {
	m := Meta{Born: born, Checked: born, Stale: now.Add(o.TTL)}
	if o.TTL == 0 {
		m.Stale = Never
	}
	m.Dead = m.Stale
	if o.FailSafe() {
		m.Dead = max(m.Stale, now.Add(o.StaleTTL))
	}
	if o.Jitter > 0 {
		extra := rand.N(o.Jitter)
		m.Stale = m.Stale.Add(extra)
		m.Dead = max(m.Dead, m.Stale)
	}
	return m
}

// DistributedMeta returns the metadata that an entry with m has in the
// distributed layer when it is written there at now.
func (o *EntryOptions) DistributedMeta(m Meta, now Instant) Meta {
	m.Retry, m.Cycles = 0, 0
	m.Stale = now.Add(o.DistributedTTL)
	m.Dead = m.Stale
	if o.FailSafe() {
		m.Dead = max(m.Stale, now.Add(o.StaleTTL))
	}
	return m
}

// LocalMeta returns the metadata that an entry read from the distributed layer
// with m has in memory at now: never a new life, only what remains of it.
func (o *EntryOptions) LocalMeta(m Meta, now Instant) Meta {
	m.Stale = min(m.Stale, now.Add(o.TTL))
	if !o.FailSafe() {
		m.Dead = m.Stale
	}
	return m
}

// Validate returns all that is wrong with o, joined, each an *OptionError.
func (o EntryOptions) Validate() error {
	var errs []error
	bad := func(option, why string) {
		errs = append(errs, &OptionError{Option: "EntryOptions." + option, Err: errors.New(why)})
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{
		{"TTL", o.TTL},
		{"DistributedTTL", o.DistributedTTL},
		{"Jitter", o.Jitter},
		{"StaleTTL", o.StaleTTL},
		{"Throttle", o.Throttle},
		{"SoftTimeout", o.SoftTimeout},
		{"HardTimeout", o.HardTimeout},
		{"LoadTimeout", o.LoadTimeout},
		{"NodeLock", o.NodeLock},
		{"ErrorBackoff", o.ErrorBackoff},
		{"DistributedSoftTimeout", o.DistributedSoftTimeout},
		{"DistributedTimeout", o.DistributedTimeout},
	} {
		if d.d < 0 {
			bad(d.name, "must not be negative")
		}
	}
	if o.Jitter == Forever {
		bad("Jitter", "must be finite")
	}
	if o.MaxCycles < 0 {
		bad("MaxCycles", "must not be negative")
	}
	if o.StaleTTL > 0 && o.StaleTTL != Forever && (o.TTL == 0 || o.StaleTTL < o.TTL) {
		bad("StaleTTL", "must not be below TTL")
	}
	if o.StaleTTL == 0 && o.MaxCycles > 0 {
		bad("MaxCycles", "needs StaleTTL")
	}
	if o.StaleTTL == 0 && o.DistributedSoftTimeout > 0 {
		bad("DistributedSoftTimeout", "needs StaleTTL")
	}
	if o.StrictHardTimeout && o.HardTimeout == 0 {
		bad("StrictHardTimeout", "needs HardTimeout")
	}
	if err := ValidateTags(o.Tags); err != nil {
		errs = append(errs, &OptionError{Option: "EntryOptions.Tags", Err: err})
	}
	return errors.Join(errs...)
}

// ValidateTags returns what is wrong with a list of tags, or nil.
func ValidateTags(tags []string) error {
	if len(tags) > maxTags {
		return fmt.Errorf("%d tags, at most %d are allowed", len(tags), maxTags)
	}
	for _, t := range tags {
		if len(t) == 0 || len(t) > maxTagLen {
			return fmt.Errorf("a tag must have 1 to %d bytes", maxTagLen)
		}
	}
	return nil
}

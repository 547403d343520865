// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package ottermem

import (
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

// DefaultMaxEntries is how many entries a [Memory] holds if nothing else is said.
const DefaultMaxEntries = 10_000

// Options configures a [Memory]. A zero field stands for its default.
type Options struct {
	// MaxEntries bounds the number of entries. 0: DefaultMaxEntries, or no bound
	// if MaxWeight is set. Not to be set together with MaxWeight.
	MaxEntries int

	// MaxWeight bounds the sum of what Weigher returns. 0: the entries are
	// counted instead.
	MaxWeight uint64

	// Weigher returns the weight of an entry in units of the user's choice; 0
	// counts as 1. Nil: [core.Entry.Size], which core.Size gives it. It must not be
	// set without MaxWeight. It is called twice in a Set, under a lock: it must be
	// quick, return the same both times, and call no method of the layer. A weight is
	// how much room an entry takes, not how soon it goes: otter evicts what is used
	// least, whatever its weight and its core.Priority.
	Weigher func(key string, e *core.Entry) uint32
}

func (o *Options) withDefaults() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	var errs []error
	wrong := func(option, why string) {
		errs = append(errs, &core.OptionError{Option: "ottermem.Options." + option, Err: errors.New(why)})
	}
	if opts.MaxEntries < 0 {
		wrong("MaxEntries", "must not be negative")
	}
	if opts.MaxEntries > 0 && opts.MaxWeight > 0 {
		wrong("MaxWeight", "must not be set together with MaxEntries")
	}
	if opts.MaxWeight == 0 && opts.Weigher != nil {
		wrong("Weigher", "must not be set without MaxWeight")
	}
	if opts.MaxWeight > 0 && opts.Weigher == nil {
		opts.Weigher = func(_ string, e *core.Entry) uint32 { return e.Size() }
	}
	if opts.MaxEntries == 0 && opts.MaxWeight == 0 {
		opts.MaxEntries = DefaultMaxEntries
	}
	return opts, errors.Join(errs...)
}

// small reports whether every read is to be noted for the policy, and not only
// as many as readers need not wait for. It costs a third of a hit where entries
// lie in the processor's caches, and doubles it where they do not; there, too,
// less depends on a single read.
func (o *Options) small() bool {
	return 0 < o.MaxEntries && o.MaxEntries <= DefaultMaxEntries
}

// tableSize returns for how many entries otter should have room at once. It notes
// no read before it has room for half of all; then what was read early is evicted
// like anything else.
func (o *Options) tableSize() int {
	if o.small() {
		return o.MaxEntries
	}
	return 0 // and grow
}

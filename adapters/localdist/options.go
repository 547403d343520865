// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localdist

import (
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

// Defaults of Options.
const (
	DefaultMaxEntries = 100_000
	DefaultMaxBytes   = 256 << 20
)

// Options configures a [Store]. A zero field stands for its default.
type Options struct {
	// MaxEntries bounds the number of entries. 0: DefaultMaxEntries.
	MaxEntries int

	// MaxBytes bounds the memory for keys, values and what keeps them, which is
	// counted as 128 bytes per entry. 0: DefaultMaxBytes. A large store is
	// divided into up to 16 parts, each with its share of both bounds; an entry
	// above the share of one part is refused with [core.ErrTooLarge].
	MaxBytes int64
}

func (o *Options) withDefaults() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	var errs []error
	if opts.MaxEntries < 0 {
		errs = append(errs, &core.OptionError{Option: "localdist.Options.MaxEntries", Err: errNegative})
	}
	if opts.MaxBytes < 0 {
		errs = append(errs, &core.OptionError{Option: "localdist.Options.MaxBytes", Err: errNegative})
	}
	if opts.MaxEntries == 0 {
		opts.MaxEntries = DefaultMaxEntries
	}
	if opts.MaxBytes == 0 {
		opts.MaxBytes = DefaultMaxBytes
	}
	return opts, errors.Join(errs...)
}

var errNegative = errors.New("must not be negative")

// parts returns into how many shards a store is divided: enough that writers
// seldom meet, and never so many that a share becomes small.
func (o Options) parts() int {
	const (
		most       = 16
		leastCount = 1024
		leastBytes = 4 << 20
	)
	n := most
	for n > 1 && (o.MaxEntries/n < leastCount || o.MaxBytes/int64(n) < leastBytes) {
		n /= 2
	}
	return n
}

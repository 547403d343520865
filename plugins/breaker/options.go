// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker

import (
	"errors"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Defaults of [LayerOptions].
const (
	DefaultFailures = 3
	DefaultOpenFor  = 500 * time.Millisecond
)

// Options configures a [Plugin]. A zero field stands for its default.
type Options struct {
	// Distributed is about the breaker of the distributed layer.
	Distributed LayerOptions

	// Backplane is about the breaker of the backplane. It sees publications
	// only.
	Backplane LayerOptions
}

// LayerOptions configures the breaker of one layer. A zero field stands for its
// default.
type LayerOptions struct {
	// Disabled leaves this layer without a breaker.
	Disabled bool

	// Failures is the number of failures in a row that opens the breaker. 0:
	// DefaultFailures.
	Failures int

	// OpenFor is how long the breaker stays open before a call is let through as
	// a probe, and so the pause between probes of a layer that stays down. It is
	// also the time limit of a probe whose context has none. 0: DefaultOpenFor.
	OpenFor time.Duration

	// Ignore names further errors that say nothing about the health of the
	// layer, such as a server's answer that the request was wrong. It must be
	// quick and is called by many goroutines at once. Nil: none.
	Ignore func(err error) bool
}

var errNegative = errors.New("must not be negative")

func (o *Options) withDefaults() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	err := errors.Join(
		opts.Distributed.validate("breaker.Options.Distributed"),
		opts.Backplane.validate("breaker.Options.Backplane"),
	)
	opts.Distributed.setDefaults()
	opts.Backplane.setDefaults()
	return opts, err
}

func (o *LayerOptions) validate(name string) error {
	var errs []error
	if o.Failures < 0 {
		errs = append(errs, &core.OptionError{Option: name + ".Failures", Err: errNegative})
	}
	if o.OpenFor < 0 {
		errs = append(errs, &core.OptionError{Option: name + ".OpenFor", Err: errNegative})
	}
	return errors.Join(errs...)
}

func (o *LayerOptions) setDefaults() {
	if o.Failures == 0 {
		o.Failures = DefaultFailures
	}
	if o.OpenFor == 0 {
		o.OpenFor = DefaultOpenFor
	}
}

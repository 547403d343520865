// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localbus

import (
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
)

// Defaults of Options.
const (
	DefaultQueue      = 4096
	DefaultMaxMessage = 64 << 10
)

// Options configures a [Bus]. A zero field stands for its default.
type Options struct {
	// Queue is the number of messages that wait for a subscriber before the next
	// ones are dropped. 0: DefaultQueue.
	Queue int

	// MaxMessage is the size in bytes above which Publish refuses a message. 0:
	// DefaultMaxMessage.
	MaxMessage int
}

func (o *Options) withDefaults() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	var errs []error
	if opts.Queue < 0 {
		errs = append(errs, &core.OptionError{Option: "localbus.Options.Queue", Err: errNegative})
	}
	if opts.MaxMessage < 0 {
		errs = append(errs, &core.OptionError{Option: "localbus.Options.MaxMessage", Err: errNegative})
	}
	if opts.Queue == 0 {
		opts.Queue = DefaultQueue
	}
	if opts.MaxMessage == 0 {
		opts.MaxMessage = DefaultMaxMessage
	}
	return opts, errors.Join(errs...)
}

var errNegative = errors.New("must not be negative")

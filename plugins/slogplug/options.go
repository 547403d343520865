// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package slogplug

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// Defaults of [Options].
const (
	DefaultLimit  = 10
	DefaultWindow = time.Minute
)

// Off is the level of a kind of event that is not logged.
const Off = slog.Level(math.MaxInt)

// Options configures a [Plugin]. A zero field stands for its default.
type Options struct {
	// Levels changes the levels of single kinds of events; [Off] switches one
	// off. The map is copied.
	Levels map[core.Kind]slog.Level

	// PlainKeys writes keys as they are.
	PlainKeys bool

	// Key returns what is written for a key: for a hash that is the same on all
	// nodes, or a key without its personal part. It must be quick and is called
	// by many goroutines at once. Nil: a salted 64-bit hash. Not together with
	// PlainKeys.
	Key func(key string) string

	// Limit is how many records of one kind and one level of the stack are
	// written in a window. 0: DefaultLimit; -1: all are written.
	Limit int

	// Window is the length of the window of Limit, from the first event in it.
	// 0: DefaultWindow.
	Window time.Duration
}

func (o *Options) withDefaults() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	var errs []error
	bad := func(field, why string) {
		errs = append(errs, &core.OptionError{Option: "slogplug.Options." + field, Err: errors.New(why)})
	}
	opts.Levels = maps.Clone(opts.Levels)
	for kind := range opts.Levels {
		if _, ok := rowOf(kind); !ok {
			bad("Levels", fmt.Sprintf("%#x is not one kind of event", uint64(kind)))
		}
	}
	if opts.PlainKeys && opts.Key != nil {
		bad("Key", "contradicts PlainKeys")
	}
	if opts.Limit < -1 {
		bad("Limit", "must be -1 or more")
	}
	if opts.Window < 0 {
		bad("Window", "must not be negative")
	}
	if opts.Limit == 0 {
		opts.Limit = DefaultLimit
	}
	if opts.Window == 0 {
		opts.Window = DefaultWindow
	}
	return opts, errors.Join(errs...)
}
